"""The limiter against the offline server's enforcement, in virtual time: what is used of a limit, and what it costs."""

import pytest

from summary_pipeline.local.openai_server.configuration import Behaviour
from summary_pipeline_tests.summarization.simulated_provider import HeadersAt, SimulatedProvider, make_calls
from summary_pipeline_tests.summarization.virtual_time import run

WINDOWS = pytest.mark.parametrize("window", [1, 10, 60])
SCENARIOS = pytest.mark.parametrize(
    ("limit", "sizes"), [(400_000, [7500] * 8), (2_000_000, [7900] * 64)], ids=["8 chunks", "64 chunks"]
)


def limits(window: float, **per_minute: float) -> Behaviour:
    return Behaviour.model_validate({"rate_window_seconds": window, **per_minute})


@WINDOWS
@pytest.mark.parametrize("headers_at", ["admission", "answer", "never"])
@pytest.mark.parametrize(
    ("limit", "sizes"),
    [
        ({"tokens_per_minute": 200_000}, [8000] * 200),
        ({"tokens_per_minute": 200_000}, [500, 8000, 20_000] * 60),
        ({"tokens_per_minute": 2_000_000}, [8000] * 400),
        ({"requests_per_minute": 60}, [500] * 150),
        ({"requests_per_minute": 600}, [500] * 600),
        ({"requests_per_minute": 600, "tokens_per_minute": 5_000_000}, [8000] * 600),
    ],
)
def test_a_limit_that_is_set_is_used_to_95_percent_without_a_429(
    window: float, headers_at: HeadersAt, limit: dict[str, float], sizes: list[int]
) -> None:
    provider = SimulatedProvider(limits(window, **limit), headers_at=headers_at)
    run(make_calls(provider, sizes, at_once=len(sizes), **limit))
    assert len(provider.admitted) == len(sizes)
    assert provider.limited_at == []
    assert provider.share_of_limit() >= 0.95


@WINDOWS
@pytest.mark.parametrize("headers_at", ["admission", "answer"])
@pytest.mark.parametrize("refund", [True, False])
def test_a_limit_that_is_learned_is_used_to_95_percent_once_it_is_known(
    window: float,
    headers_at: HeadersAt,
    *,
    refund: bool,
) -> None:
    behaviour = Behaviour(tokens_per_minute=600_000, rate_window_seconds=window, refund_unused_tokens=refund)
    provider = SimulatedProvider(behaviour, headers_at=headers_at)
    run(make_calls(provider, [8000] * 1000, at_once=16))
    # The calls that went out before the first answer met a limit that nobody knew.
    assert sum(moment > 30 for moment in provider.limited_at) < 0.01 * provider.calls
    assert provider.share_of_limit() >= 0.95


@pytest.mark.parametrize("known", [{}, {"requests_per_minute": 10_000, "tokens_per_minute": 10_000_000}])
def test_no_delay_is_added_where_no_limit_binds(known: dict[str, float]) -> None:
    provider = SimulatedProvider(limits(60, **known), jitter=0)
    seconds = run(make_calls(provider, [8000] * 12, at_once=12, **known))
    assert seconds <= 3 * 1.3
    assert provider.peak_in_flight == 12


@SCENARIOS
def test_on_a_calm_line_a_limit_that_is_set_costs_hardly_more_than_its_tokens(limit: int, sizes: list[int]) -> None:
    provider = SimulatedProvider(limits(5, tokens_per_minute=limit), latency=2, jitter=0.002)
    run(make_calls(provider, sizes, tokens_per_minute=limit))
    assert provider.limited_at == []
    assert provider.seconds_lost(5) < 0.07


@SCENARIOS
def test_calls_that_arrive_up_to_200_ms_late_are_hardly_ever_turned_away(limit: int, sizes: list[int]) -> None:
    providers = [
        SimulatedProvider(limits(5, tokens_per_minute=limit), latency=2, jitter=0.2, seed=seed) for seed in range(40)
    ]
    for provider in providers:
        run(make_calls(provider, sizes, tokens_per_minute=limit))
    assert sum(len(provider.limited_at) for provider in providers) < 0.01 * sum(p.calls for p in providers)


def test_a_provider_that_tells_no_limits_is_met_with_fewer_calls_at_once_and_more_later() -> None:
    provider = SimulatedProvider(limits(10, requests_per_minute=600), headers_at="never", latency=10)
    run(make_calls(provider, [500] * 3000, at_once=150))
    assert len(provider.limited_at) / provider.calls < 0.05
    assert provider.share_of_limit() > 0.8
