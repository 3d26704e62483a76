"""Work that goes on for a while although the task that waits for it is cancelled.

Belongs here: waiting for such work. Does not belong here: undoing it (whoever began it knows how).
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")


async def finish(work: asyncio.Future[_Result], *, or_else: str) -> _Result:
    """Return the result of ``work``. No cancellation reaches it; one is raised once it has ended, however many came.

    What it raises after a cancellation is only logged, after ``or_else``, which says what that means.
    """
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        while not work.done():
            with contextlib.suppress(asyncio.CancelledError):  # told again; raised below
                await asyncio.wait([work])
        if not work.cancelled() and (error := work.exception()) is not None:
            logger.warning("%s: %s", or_else, error)
        raise


async def cancelled_after(work: asyncio.Future[_Result], grace: Callable[[], Awaitable[object]]) -> _Result:
    """Return the result of ``work``. A cancellation reaches it once ``grace()`` is over, a second one at once."""
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        try:
            await grace()
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        raise
