import pytest

from summary_pipeline.local.openai_server.api_errors import ApiError
from summary_pipeline.local.openai_server.configuration import Behaviour
from summary_pipeline.local.openai_server.rate_limits import RateLimits, format_duration


def limits(**behaviour: float) -> RateLimits:
    return RateLimits(Behaviour.model_validate(behaviour), now=0.0)


def turned_away(rate_limits: RateLimits, tokens: int, now: float) -> ApiError:
    with pytest.raises(ApiError) as caught:
        rate_limits.admit(tokens, now)
    assert caught.value.status == 429
    return caught.value


def test_without_limits_everything_is_let_in_and_no_header_is_sent() -> None:
    assert limits().admit(1_000_000, 0.0).headers == {}


def test_no_more_than_the_windows_share_is_let_in_at_once() -> None:
    rate_limits = limits(requests_per_minute=60, rate_window_seconds=5)
    for _ in range(5):
        rate_limits.admit(1, 0.0)
    turned_away(rate_limits, 1, 0.0)


def test_retry_after_says_when_the_call_will_be_let_in() -> None:
    rate_limits = limits(tokens_per_minute=6000, rate_window_seconds=10)
    rate_limits.admit(900, 0.0)
    error = turned_away(rate_limits, 500, 0.0)
    assert error.headers["retry-after-ms"] == "4000"
    assert error.headers["retry-after"] == "4"
    assert error.document["error"]["type"] == "tokens"
    turned_away(rate_limits, 500, 3.99)
    rate_limits.admit(500, 4.0)


def test_headers_tell_what_remains_and_when_it_is_whole_again() -> None:
    rate_limits = limits(requests_per_minute=600, tokens_per_minute=60_000, rate_window_seconds=10)
    headers = rate_limits.admit(2500, 0.0).headers
    assert headers == {
        "x-ratelimit-limit-requests": "600",
        "x-ratelimit-remaining-requests": "99",
        "x-ratelimit-reset-requests": "100ms",
        "x-ratelimit-limit-tokens": "60000",
        "x-ratelimit-remaining-tokens": "7500",
        "x-ratelimit-reset-tokens": "2.5s",
    }


def test_a_call_that_is_turned_away_costs_a_request() -> None:
    rate_limits = limits(requests_per_minute=60, tokens_per_minute=600, rate_window_seconds=10)
    rate_limits.admit(100, 0.0)
    turned_away(rate_limits, 100, 0.0)
    assert rate_limits.headers(0.0)["x-ratelimit-remaining-requests"] == "8"


def test_hammering_keeps_the_door_shut() -> None:
    rate_limits = limits(requests_per_minute=60, rate_window_seconds=1)
    rate_limits.admit(1, 0.0)
    for moment in range(1, 40):
        turned_away(rate_limits, 1, moment * 0.1)


def test_a_call_larger_than_the_bucket_leaves_a_debt() -> None:
    rate_limits = limits(tokens_per_minute=6000, rate_window_seconds=1)
    rate_limits.admit(1000, 0.0)
    turned_away(rate_limits, 1000, 9.9)
    rate_limits.admit(1000, 10.0)


def test_a_call_larger_than_the_limit_is_turned_away_for_good() -> None:
    error = turned_away(limits(tokens_per_minute=1000), 1001, 0.0)
    assert "Request too large" in str(error)
    assert "retry-after" not in error.headers


@pytest.mark.parametrize(("refund", "remaining"), [(True, "900"), (False, "700")])
def test_unused_tokens_come_back_where_they_are_told_to(refund: bool, remaining: str) -> None:  # noqa: FBT001 - a parameter
    rate_limits = limits(tokens_per_minute=6000, refund_unused_tokens=refund)
    rate_limits.settle(rate_limits.admit(300, 0.0), 100)
    assert rate_limits.headers(0.0)["x-ratelimit-remaining-tokens"] == remaining


def test_tokens_used_beyond_the_charge_are_charged_afterwards() -> None:
    rate_limits = limits(tokens_per_minute=6000)
    rate_limits.settle(rate_limits.admit(300, 0.0), 400)
    assert rate_limits.headers(0.0)["x-ratelimit-remaining-tokens"] == "600"


@pytest.mark.parametrize(("seconds", "text"), [(0.0061, "6ms"), (1.5, "1.5s"), (360, "6m0s"), (61.25, "1m1.25s")])
def test_durations_are_written_as_openai_writes_them(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
