"""An event loop in which time is a number: waiting takes none, and every run is the same.

Belongs here: what tests of timing run on. Does not belong here: tests.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _NeverWaiting(selectors.DefaultSelector):
    """Looks for events without waiting, and remembers for how long the loop would have waited."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise RuntimeError("everything waits for something that no passing of time brings")
            self.skipped += max(0.0, timeout)
        return events


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Jumps over every wait. Its ``time`` starts at 0."""

    def __init__(self) -> None:
        self._never_waiting = _NeverWaiting()
        super().__init__(self._never_waiting)

    def time(self) -> float:
        return self._never_waiting.skipped


class LoopClock:
    """A ``Clock`` that shows the running loop's time."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coroutine)
