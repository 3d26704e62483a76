"""What the limiter learns from answers and 429s, in virtual time."""

import asyncio

import pytest

from summary_pipeline.summarization.allowance import MARGIN_SECONDS, MARGIN_SHARE, SHORTEST_MARGIN_SECONDS
from summary_pipeline.summarization.language_model import RateLimitState
from summary_pipeline.summarization.rate_limit import KEPT_SHARE, AdaptiveLimiter
from summary_pipeline_tests.summarization.virtual_time import LoopClock, run


async def pause_after_all_but_a_second_of_a_minute(limiter: AdaptiveLimiter) -> float:
    """Spend 59,000 of a full 60,000, and return the seconds until 2,000 may go out: one and the margin."""
    limiter.failed(await limiter.acquire(59_000, limiter.ticket()))
    before = LoopClock().now()
    await limiter.acquire(2000, limiter.ticket())
    return LoopClock().now() - before


@pytest.mark.parametrize("told", [60_000, 600_000])
def test_all_of_a_set_limit_is_used_whatever_limit_the_provider_tells(told: int) -> None:
    async def seconds_of_a_minutes_worth() -> float:
        limiter = AdaptiveLimiter(tokens_per_minute=60_000, clock=LoopClock())
        full = RateLimitState(limit_tokens=told, remaining_tokens=told, reset_tokens_seconds=0.0)
        limiter.succeeded(await limiter.acquire(1, limiter.ticket()), 1, full)
        for drained in (60_000, 1000):
            limiter.failed(await limiter.acquire(drained, limiter.ticket()))
        before = LoopClock().now()
        for _ in range(60):
            limiter.failed(await limiter.acquire(1000, limiter.ticket()))
        return LoopClock().now() - before

    assert run(seconds_of_a_minutes_worth()) == pytest.approx(60, rel=0.005)


def test_tokens_that_were_expected_and_not_used_are_given_back() -> None:
    async def two_calls(used: int) -> float:
        limiter = AdaptiveLimiter(tokens_per_minute=60_000, clock=LoopClock())
        limiter.succeeded(await limiter.acquire(10_000, limiter.ticket()), used, None)
        await limiter.acquire(10_000, limiter.ticket())
        return LoopClock().now()

    assert run(two_calls(10_000)) > 9
    assert run(two_calls(2000)) < 3


@pytest.mark.parametrize(
    ("tells", "unused", "kept"), [(False, 8000, 10_000 * KEPT_SHARE), (False, 100, 100), (True, 8000, 0)]
)
def test_a_little_of_what_an_answer_did_not_use_is_kept_unless_the_provider_tells_that_very_limit(
    *,
    tells: bool,
    unused: int,
    kept: float,
) -> None:
    async def pause_before_the_next_call() -> float:
        limiter = AdaptiveLimiter(tokens_per_minute=60_000, clock=LoopClock())
        full = RateLimitState(limit_tokens=60_000, remaining_tokens=1000, reset_tokens_seconds=0.0)
        limiter.succeeded(await limiter.acquire(1, limiter.ticket()), 1, full if tells else None)
        permit = await limiter.acquire(10_000, limiter.ticket())
        before = LoopClock().now()
        given_back = RateLimitState(limit_tokens=60_000, remaining_tokens=0, reset_tokens_seconds=2.0)
        limiter.succeeded(permit, 10_000 - unused, given_back if tells else None, unused_output=unused)
        await limiter.acquire(10_000, limiter.ticket())
        return LoopClock().now() - before

    pause_for_want_of_room = 10 * MARGIN_SHARE
    expected = (10_000 - unused + kept) / 1000 + pause_for_want_of_room
    assert run(pause_before_the_next_call()) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(("used", "seconds"), [(10_000, 10), (9000, 9), (11_000, 11), (1000, 8)])
def test_estimates_are_taken_for_what_they_were_worth_before(used: int, seconds: float) -> None:
    async def pause_before_the_third_call() -> float:
        limiter = AdaptiveLimiter(tokens_per_minute=60_000, clock=LoopClock())
        limiter.succeeded(await limiter.acquire(10_000, limiter.ticket()), used, None)
        limiter.failed(await limiter.acquire(10_000, limiter.ticket()))
        before = LoopClock().now()
        await limiter.acquire(10_000, limiter.ticket())
        return LoopClock().now() - before

    assert run(pause_before_the_third_call()) == pytest.approx(seconds * (1 + MARGIN_SHARE), rel=0.01)


def test_what_is_told_of_arrivals_brings_calls_nearer_to_the_limit() -> None:
    async def pause(told: int) -> float:
        """Return for how long a call waits of which the bucket is 1000 tokens short, after ten that met ``told``."""
        limiter = AdaptiveLimiter(clock=LoopClock())
        full = RateLimitState(limit_tokens=60_000, remaining_tokens=60_000, reset_tokens_seconds=0.0)
        limiter.succeeded(await limiter.acquire(1, limiter.ticket()), 1, full)
        limiter.failed(await limiter.acquire(40_000, limiter.ticket()))
        state = RateLimitState(limit_tokens=60_000, remaining_tokens=told, reset_tokens_seconds=(60_000 - told) / 1000)
        for _ in range(10):
            await asyncio.sleep(1)
            limiter.succeeded(await limiter.acquire(1000, limiter.ticket()), 1000, state)
        await asyncio.sleep(60)
        return await pause_after_all_but_a_second_of_a_minute(limiter)

    assert run(pause(20_000)) == pytest.approx(1 + SHORTEST_MARGIN_SECONDS, abs=0.01)
    assert run(pause(19_000)) == pytest.approx(1 + MARGIN_SECONDS, abs=0.01)


def test_a_bucket_that_was_full_tells_nothing_of_arrivals() -> None:
    async def pause() -> float:
        limiter = AdaptiveLimiter(clock=LoopClock())
        state = RateLimitState(limit_tokens=60_000, remaining_tokens=59_000, reset_tokens_seconds=1.0)
        for _ in range(10):
            limiter.succeeded(await limiter.acquire(1000, limiter.ticket()), 1000, state)
            await asyncio.sleep(60)
        return await pause_after_all_but_a_second_of_a_minute(limiter)

    assert run(pause()) == pytest.approx(1 + MARGIN_SECONDS, abs=0.01)


def test_calls_that_went_out_before_a_complaint_do_not_make_it_forgotten() -> None:
    async def pause_after_a_429(*, answered_late: int) -> float:
        """Return for how long a call waits that wants 1000 tokens more than there are."""
        limiter = AdaptiveLimiter(clock=LoopClock())
        full = RateLimitState(limit_tokens=60_000, remaining_tokens=60_000, reset_tokens_seconds=0.0)
        limiter.succeeded(await limiter.acquire(1, limiter.ticket()), 1, full)
        under_way = [await limiter.acquire(10, limiter.ticket()) for _ in range(20)]
        limiter.limited(await limiter.acquire(10, limiter.ticket()), 0, None)
        for permit in under_way[:answered_late]:
            limiter.succeeded(permit, 10, full)
        await asyncio.sleep(60)
        return await pause_after_all_but_a_second_of_a_minute(limiter)

    assert run(pause_after_a_429(answered_late=20)) == pytest.approx(run(pause_after_a_429(answered_late=0)), abs=0.02)


def test_a_learned_limit_gets_back_what_was_estimated_too_high_but_not_an_answer_s_reserve() -> None:
    async def delay(used: int, unused_output: int) -> float:
        limiter = AdaptiveLimiter(clock=LoopClock())
        told = RateLimitState(limit_tokens=60_000, remaining_tokens=50_000, reset_tokens_seconds=10.0)
        limiter.succeeded(await limiter.acquire(10_000, limiter.ticket()), 10_000, told)
        limiter.succeeded(await limiter.acquire(10_000, limiter.ticket()), used, None, unused_output=unused_output)
        await limiter.acquire(45_000, limiter.ticket())
        return LoopClock().now()

    as_estimated = run(delay(10_000, 0))
    assert run(delay(5000, 5000)) == pytest.approx(as_estimated)
    assert run(delay(5000, 0)) == pytest.approx(as_estimated - 5)


def test_calls_of_one_burst_may_arrive_in_any_order() -> None:
    async def wait_for_the_rest(remaining: int) -> float:
        limiter = AdaptiveLimiter(clock=LoopClock())
        burst = [await limiter.acquire(1000, limiter.ticket()) for _ in range(4)]
        # The last that went out came first: what is left is what the three others have yet to take.
        state = RateLimitState(
            limit_tokens=60_000, remaining_tokens=remaining, reset_tokens_seconds=(60_000 - remaining) / 1000
        )
        limiter.succeeded(burst[-1], 1000, state)
        await limiter.acquire(remaining - 3000, limiter.ticket())
        in_full = LoopClock().now()
        await limiter.acquire(3000, limiter.ticket())
        return LoopClock().now() - in_full

    assert run(wait_for_the_rest(30_000)) > 2


def test_a_pace_that_was_complained_about_falls_and_recovers() -> None:
    async def rates() -> list[float]:
        limiter = AdaptiveLimiter(requests_per_minute=600, clock=LoopClock())
        found = []
        for complaint in (False, True, False):
            if complaint:
                for _ in range(10):
                    limiter.limited(await limiter.acquire(1, limiter.ticket()), 0, None)
            else:
                await asyncio.sleep(1800)
                limiter.succeeded(await limiter.acquire(1, limiter.ticket()), 1, None)
            started = LoopClock().now()
            for _ in range(60):
                limiter.failed(await limiter.acquire(1, limiter.ticket()))
            found.append(60 / (LoopClock().now() - started))
        return found

    before, complained, recovered = run(rates())
    assert complained < 0.7 * before
    assert recovered == pytest.approx(before, rel=0.02)


def test_one_burst_of_429s_slows_down_once() -> None:
    async def factor_after(answers: int) -> float:
        limiter = AdaptiveLimiter(requests_per_minute=60_000, clock=LoopClock())
        permits = [await limiter.acquire(1, limiter.ticket()) for _ in range(answers)]
        for permit in permits:
            limiter.limited(permit, 0, None)
        started = LoopClock().now()
        for _ in range(5000):
            limiter.failed(await limiter.acquire(1, limiter.ticket()))
        return LoopClock().now() - started

    assert run(factor_after(50)) == pytest.approx(run(factor_after(1)), rel=0.02)


def test_other_users_of_the_account_are_seen_in_the_headers() -> None:
    async def delay_with(remaining: int) -> float:
        limiter = AdaptiveLimiter(clock=LoopClock())
        state = RateLimitState(
            limit_tokens=60_000, remaining_tokens=remaining, reset_tokens_seconds=(60_000 - remaining) / 1000
        )
        for known in (RateLimitState(limit_tokens=60_000, remaining_tokens=59_000, reset_tokens_seconds=1.0), state):
            limiter.succeeded(await limiter.acquire(1000, limiter.ticket()), 1000, known)
        await limiter.acquire(5000, limiter.ticket())
        return LoopClock().now()

    assert run(delay_with(58_000)) == 0
    assert run(delay_with(1000)) == pytest.approx(4 + MARGIN_SECONDS, abs=0.1)


@pytest.mark.parametrize(
    ("remaining", "reset_seconds"), [(9940, 518.0), (5000, 43_200.0), (7, 86_340.0), (0, 86_400.0)]
)
def test_a_limit_per_day_in_the_headers_is_not_taken_for_one_per_minute(remaining: int, reset_seconds: float) -> None:
    async def five_calls_after_the_first_answer() -> float:
        limiter = AdaptiveLimiter(clock=LoopClock())
        told = RateLimitState(limit_requests=10_000, remaining_requests=remaining, reset_requests_seconds=reset_seconds)
        limiter.succeeded(await limiter.acquire(1000, limiter.ticket()), 1000, told)
        for _ in range(5):
            await limiter.acquire(1000, limiter.ticket())
        return LoopClock().now()

    assert run(five_calls_after_the_first_answer()) < 1
