import pytest

from benchmarks.map_reduce.__main__ import OURS, print_scenario
from benchmarks.map_reduce.contestant import Finish
from benchmarks.map_reduce.measuring import LoggedCall, evaluate, limit_used
from benchmarks.map_reduce.running import Contestant, GaveUpError, measure, simulated_model
from benchmarks.map_reduce.scenarios import RATE_WINDOW_SECONDS, SCENARIOS, Scenario

TINY = Scenario(
    "tiny", "7 chunks", chunks=7, transcript_tokens=1_300, latency_seconds=0.2, chunk_tokens=200, at_once=64
)
PER_MINUTE = 600.0
LIMITED = Scenario("limited", "", 40, 40_000, latency_seconds=1, requests_per_minute=PER_MINUTE)


def calls(count: int, *, apart: float = 0.1, status: int = 200) -> list[LoggedCall]:
    return [
        LoggedCall(
            arrived=number * apart,
            ended=number * apart + 1,
            status=status,
            at_once=1,
            limit=200,
            prompt_tokens=1_000 if status == 200 else 0,
        )
        for number in range(count)
    ]


def test_two_stages_are_the_least_time_without_limits() -> None:
    assert Scenario("", "", chunks=64, transcript_tokens=1, latency_seconds=3).ideal_seconds() == 6


def test_one_chunk_is_one_call() -> None:
    one = Scenario("", "", chunks=1, transcript_tokens=1, latency_seconds=3)
    assert (one.ideal_seconds(), one.least_calls) == (3, 1)


def test_more_chunks_than_calls_at_once_take_another_round() -> None:
    assert Scenario("", "", chunks=65, transcript_tokens=1, latency_seconds=3, at_once=64).ideal_seconds() == 9


def test_a_limit_on_requests_adds_the_time_until_the_last_chunk_may_go_out() -> None:
    until_last = LIMITED.chunks / (PER_MINUTE / 60) - RATE_WINDOW_SECONDS
    assert LIMITED.ideal_seconds() == max(2.0, until_last + 2.0)


def test_prompts_that_hold_more_than_transcript_take_longer_to_be_let_in() -> None:
    scenario = Scenario("", "", 10, 60_000, latency_seconds=1, tokens_per_minute=60_000)
    assert scenario.ideal_seconds(60_000) == scenario.ideal_seconds()
    assert scenario.ideal_seconds(63_000) == scenario.ideal_seconds() + 3.0


def test_a_limit_that_does_not_bind_costs_nothing() -> None:
    free = Scenario("", "", chunks=8, transcript_tokens=8, latency_seconds=3, tokens_per_minute=10**9)
    assert free.ideal_seconds() == 6


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_no_scenario_is_too_small_for_its_chunks(scenario: Scenario) -> None:
    assert (scenario.chunks - 1) * scenario.chunk_tokens < scenario.transcript_tokens
    assert scenario.transcript_tokens <= scenario.chunks * scenario.chunk_tokens * 0.99


def test_the_whole_of_a_limit_is_used_where_calls_come_as_fast_as_it_allows() -> None:
    allowed_at_once = int(PER_MINUTE / 60 * RATE_WINDOW_SECONDS)
    log = [*calls(allowed_at_once, apart=0.0), *calls(41)]
    assert limit_used(LIMITED, log) == pytest.approx(1.0, rel=0.02)


def test_half_the_pace_is_not_the_whole_limit() -> None:
    share = limit_used(LIMITED, calls(1000, apart=0.2))
    assert share is not None
    assert share == pytest.approx(0.5, rel=0.05)


def test_calls_answered_429_are_counted_apart() -> None:
    log = [*calls(40), *calls(10, status=429)]
    measured = evaluate(LIMITED, 40_000, Finish(7.0, 0.1, ("A summary.",)), log)
    assert (measured.calls, measured.rate_limited, measured.rate_limited_share) == (40, 10, 0.2)
    assert measured.sent_over_transcript == 1.0


def test_what_was_sent_beside_the_transcript_is_no_waiting_in_vain() -> None:
    scenario = Scenario("", "", 40, 36_000, latency_seconds=1, tokens_per_minute=60_000)
    seconds = scenario.ideal_seconds(40_000)
    measured = evaluate(scenario, 36_000, Finish(seconds, 0.1, ("A summary.",)), calls(40))
    assert measured.over_ideal_as_sent == 1.0
    assert measured.over_ideal == seconds / scenario.ideal_seconds()


def test_a_summary_that_is_missing_is_no_result() -> None:
    with pytest.raises(AssertionError, match="not all came"):
        evaluate(LIMITED, 40_000, Finish(7.0, 0.1, ("",)), calls(40))


def test_an_answer_of_another_kind_is_no_result() -> None:
    with pytest.raises(AssertionError, match="500"):
        evaluate(LIMITED, 40_000, Finish(7.0, 0.1, ("A summary.",)), calls(40, status=500))


@pytest.mark.servers
def test_the_table_sets_ours_beside_the_first_version(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated_model() as model:
        print_scenario(TINY, OURS, model)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    cells = {row[1]: row for row in ([cell.strip() for cell in line.split("|")] for line in lines)}
    ours, first = cells["ours"], cells["first version"]
    assert (ours[5], first[5]) == ("8", "8")
    assert float(first[2]) > float(ours[2]) >= TINY.ideal_seconds()
    assert (ours[9], first[9]) == ("7", "5")


@pytest.mark.servers
def test_a_contestant_that_ends_early_gave_up() -> None:
    broken = Contestant("broken", "benchmarks.map_reduce.no_such_module")
    with simulated_model() as model, pytest.raises(GaveUpError, match="no_such_module"):
        measure(broken, TINY, model, [], 0)
