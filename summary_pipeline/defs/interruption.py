"""Interrupting what runs in an event loop.

Belongs here: the way from a signal to the end of an asset's coroutine. Does not belong here: who sends the signal
(``deployment.run_watch`` on "Terminate", ``deployment.celery_worker`` when the worker stops).
"""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType

import dagster as dg

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@asynccontextmanager
async def cancelled_by_interruption() -> AsyncIterator[None]:
    """Let an interruption of the run cancel the current task, which then closes what it opened.

    Dagster raises interruptions wherever the signal meets the interpreter. In an event loop that may be a callback,
    whose errors asyncio only logs, so that the run would go on; and tasks that wait would never be told.

    Raises:
        dagster.DagsterExecutionInterruptedError: the run was interrupted. It replaces what the block raised.
    """
    task = asyncio.current_task()
    if task is None or threading.current_thread() is not threading.main_thread():
        # Only the main thread gets signals.
        yield
        return
    loop = asyncio.get_running_loop()
    interrupted = False

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        # From a signal handler, only this wakes a loop that waits for its sockets.
        loop.call_soon_threadsafe(task.cancel)

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if interrupted:
            raise dg.DagsterExecutionInterruptedError
