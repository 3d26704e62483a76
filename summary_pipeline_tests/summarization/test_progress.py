import asyncio
import contextlib

import pytest

from summary_pipeline.summarization.progress import Progress, ProgressCounter, gather_or_cancel


async def test_results_come_in_order_whatever_finishes_first() -> None:
    gates = [asyncio.Event() for _ in range(3)]

    async def wait(index: int) -> int:
        await gates[index].wait()
        if index:
            gates[index - 1].set()
        return index

    gates[2].set()
    assert await gather_or_cancel(wait(index) for index in range(3)) == [0, 1, 2]


async def test_the_first_error_cancels_the_rest_and_is_raised_as_it_is() -> None:
    cancelled = []

    async def wait(name: str) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(name)
            raise

    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError("the cause")

    async def nested() -> list[None]:
        return await gather_or_cancel([wait("inner"), fail()])

    with pytest.raises(LookupError, match="the cause"):
        await gather_or_cancel([nested(), wait("outer")])
    assert sorted(cancelled) == ["inner", "outer"]


async def test_being_cancelled_cancels_the_work() -> None:
    started = asyncio.Event()
    cancelled = []

    async def wait() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    task = asyncio.ensure_future(gather_or_cancel([wait()]))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cancelled == [True]


async def test_work_that_ends_slowly_after_an_error_is_told_again_when_it_is_cancelled_from_outside() -> None:
    told: list[int] = []
    told_once = asyncio.Event()

    async def slow() -> None:
        for time in (1, 2):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            told.append(time)
            told_once.set()

    async def fail() -> None:
        raise LookupError

    task = asyncio.ensure_future(gather_or_cancel([gather_or_cancel([slow()]), fail()]))
    await told_once.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == [1, 2]


def test_progress_counts_answers_and_those_from_the_store() -> None:
    told: list[Progress] = []
    counter = ProgressCounter(told.append, "map", 3)
    counter.count(from_store=True)
    counter.count(from_store=False)
    assert told == [Progress("map", 1, 3, 1), Progress("map", 2, 3, 1)]
