"""The passing of time, so that what waits can be tested without waiting.

Belongs here: the protocol and the real clock. Does not belong here: dates and time zones.
"""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that only go forward, and a way to let some pass."""

    def now(self) -> float:
        """Return seconds since some moment in the past."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""
        ...


class SystemClock:
    """The machine's clock. Its seconds mean the same in every event loop of the process."""

    def now(self) -> float:
        """Return seconds of the monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let other tasks run for ``seconds``."""
        await asyncio.sleep(seconds)
