"""Turning signals into an orderly stop.

Belongs here: the handlers. Does not belong here: what is stopped (``supervisor``).
"""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from summary_pipeline.local.errors import StopRequestedError
from summary_pipeline.local.supervisor import Supervisor


@contextlib.contextmanager
def stop_on_signals(supervisor: Supervisor) -> Iterator[None]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into ``StopRequestedError``; while closing, one makes it hurry.

    Only the main thread can do this.
    """
    asked = False

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if not supervisor.interrupt() and not asked:
            asked = True
            raise StopRequestedError(signal.Signals(number))

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
