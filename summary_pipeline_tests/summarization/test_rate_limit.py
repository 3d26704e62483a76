"""When the limiter lets a call out, in virtual time."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from summary_pipeline.summarization.rate_limit import AdaptiveLimiter
from summary_pipeline_tests.summarization.virtual_time import LoopClock, run


def test_calls_that_nothing_holds_back_do_not_even_yield() -> None:
    async def grants() -> float:
        limiter = AdaptiveLimiter(clock=LoopClock())
        for _ in range(1000):
            await limiter.acquire(8000, limiter.ticket())
        return LoopClock().now()

    assert run(grants()) == 0


def test_large_calls_are_not_overtaken() -> None:
    order: list[int] = []

    async def queue() -> None:
        limiter = AdaptiveLimiter(tokens_per_minute=60_000, clock=LoopClock())

        async def wait(size: int) -> None:
            await limiter.acquire(size, limiter.ticket())
            order.append(size)

        await asyncio.gather(*(wait(size) for size in (900, 30_000, 10, 20, 30_001, 11)))

    run(queue())
    assert order == [900, 30_000, 10, 20, 30_001, 11]


def test_a_repeated_call_keeps_its_place() -> None:
    order: list[str] = []

    async def queue() -> None:
        limiter = AdaptiveLimiter(requests_per_minute=60, clock=LoopClock())
        first = limiter.ticket()
        limiter.failed(await limiter.acquire(1, first))

        async def wait(name: str, ticket: int) -> None:
            await limiter.acquire(1, ticket)
            order.append(name)

        later = [asyncio.create_task(wait(f"later {n}", limiter.ticket())) for n in range(3)]
        await asyncio.sleep(0.1)
        await asyncio.gather(wait("again", first), *later)

    run(queue())
    assert order == ["again", "later 0", "later 1", "later 2"]


def test_a_call_that_is_cancelled_while_it_waits_lets_the_next_one_pass() -> None:
    async def queue() -> float:
        limiter = AdaptiveLimiter(tokens_per_minute=60_000, clock=LoopClock())
        await limiter.acquire(1000, limiter.ticket())
        large = asyncio.create_task(limiter.acquire(600_000, limiter.ticket()))
        small = asyncio.create_task(limiter.acquire(100, limiter.ticket()))
        await asyncio.sleep(0.01)
        large.cancel()
        await small
        return LoopClock().now()

    assert run(queue()) < 1


def test_a_call_that_was_turned_away_gets_its_tokens_back_but_not_its_request() -> None:
    async def turned_away(**limit: float) -> float:
        limiter = AdaptiveLimiter(clock=LoopClock(), **limit)
        limiter.limited(await limiter.acquire(10_000, limiter.ticket()), None, None)
        await limiter.acquire(10_000, limiter.ticket())
        return LoopClock().now()

    assert run(turned_away(tokens_per_minute=60_000)) < 1
    assert run(turned_away(requests_per_minute=6)) > 9


def test_nothing_goes_out_for_as_long_as_a_429_asks() -> None:
    async def after_429() -> float:
        limiter = AdaptiveLimiter(clock=LoopClock())
        limiter.limited(await limiter.acquire(10, limiter.ticket()), 7.5, None)
        await limiter.acquire(10, limiter.ticket())
        return LoopClock().now()

    assert run(after_429()) == pytest.approx(7.5)


def test_a_limiter_serves_one_event_loop_after_another() -> None:
    limiter = AdaptiveLimiter(requests_per_minute=6000)

    async def use() -> None:
        for _ in range(120):
            limiter.failed(await limiter.acquire(1, limiter.ticket()))

    def in_a_loop_of_its_own(coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run(coroutine)

    in_a_loop_of_its_own(use())
    in_a_loop_of_its_own(use())
