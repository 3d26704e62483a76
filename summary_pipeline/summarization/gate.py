"""A limit on work at once that lets nobody in once some of it has failed.

Belongs here: who may begin. Does not belong here: what becomes of work that has begun (``progress``, ``answering``).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """Lets in as many as ``at_once`` has places for. Work that shares its fate goes through one gate."""

    def __init__(self, at_once: asyncio.Semaphore) -> None:
        self._at_once = at_once
        self._failure: Exception | None = None

    @property
    def is_closed(self) -> bool:
        """Whether some of the work has failed."""
        return self._failure is not None

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place.

        Raises:
            Exception: other work behind this gate has failed, with this.
        """
        async with self._at_once:
            # A place that becomes free because of a failure would be taken before anybody can cancel who waits for it.
            if self._failure is not None:
                raise self._failure
            try:
                yield
            except Exception as error:
                self._failure = error
                raise
