"""Work that goes on to its end although the task that waits for it is cancelled.

Belongs here: waiting for such work. Does not belong here: undoing it (whoever began it knows how).
"""

import asyncio
import logging
from typing import TypeVar

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")


async def finish(work: asyncio.Future[_Result], *, or_else: str) -> _Result:
    """Return the result of ``work``. A cancellation does not reach it, and is raised once it has ended.

    What it raises after a cancellation is only logged, after ``or_else``, which says what that means.
    """
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        if not work.cancelled() and (error := work.exception()) is not None:
            logger.warning("%s: %s", or_else, error)
        raise
