"""A signal that meets an event loop, as Dagster's handler and ours take it."""

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine, Iterator
from typing import TypeVar

import dagster as dg
import pytest
from dagster._core.errors import raise_execution_interrupts

from summary_pipeline.defs.interruption import cancelled_by_interruption

Result = TypeVar("Result")


@pytest.fixture(autouse=True)
def as_in_a_run() -> Iterator[None]:
    """Dagster's handlers, which every step has."""
    with raise_execution_interrupts():
        yield


def run(work: Coroutine[None, None, Result]) -> Result:
    with asyncio.Runner() as runner:
        return runner.run(work)


def interrupt(number: signal.Signals = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


class Work:
    """Waits for what never comes, and notes that it was closed."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.closed = False

    async def wait(self) -> None:
        try:
            self.started.set()
            await asyncio.Event().wait()
        finally:
            self.closed = True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_cancels_what_waits_and_closes_it(number: signal.Signals) -> None:
    work = Work()

    async def asset() -> None:
        async with cancelled_by_interruption(), asyncio.TaskGroup() as group:
            group.create_task(work.wait())
            await work.started.wait()
            interrupt(number)

    with pytest.raises(dg.DagsterExecutionInterruptedError):
        run(asset())
    assert work.closed


def test_an_interruption_that_meets_a_callback_is_not_lost() -> None:
    work = Work()

    async def asset() -> None:
        async with cancelled_by_interruption():
            # asyncio logs what a callback raises, and goes on.
            asyncio.get_running_loop().call_soon(interrupt)
            await work.wait()

    with pytest.raises(dg.DagsterExecutionInterruptedError):
        run(asset())
    assert work.closed


def test_an_interruption_wakes_a_loop_that_waits() -> None:
    work = Work()

    async def asset() -> None:
        async with cancelled_by_interruption():
            await work.started.wait()
            await asyncio.Event().wait()

    async def beside() -> None:
        task = asyncio.create_task(asset())
        work.started.set()
        await asyncio.sleep(0)
        threading.Timer(0.1, interrupt).start()
        await asyncio.wait_for(task, timeout=20)

    with pytest.raises(dg.DagsterExecutionInterruptedError):
        run(beside())


def test_an_interruption_counts_even_where_the_work_failed_of_it() -> None:
    async def asset() -> None:
        async with cancelled_by_interruption():
            interrupt()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError as error:
                raise ConnectionError("closed in the middle of a request") from error

    with pytest.raises(dg.DagsterExecutionInterruptedError):
        run(asset())


def test_without_an_interruption_errors_pass_and_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    async def asset() -> None:
        async with cancelled_by_interruption():
            raise LookupError("of its own")

    with pytest.raises(LookupError):
        run(asset())
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_in_another_thread_nothing_is_touched() -> None:
    results: list[str] = []

    async def asset() -> str:
        async with cancelled_by_interruption():
            return "done"

    thread = threading.Thread(target=lambda: results.append(run(asset())))
    thread.start()
    thread.join()
    assert results == ["done"]
