"""Telling somebody how far a summarization has come, and running its calls side by side.

Belongs here: counting finished calls, waiting for many of them. Does not belong here: what is done with the news.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

Phase = Literal["map", "reduce"]

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a phase has come: ``done`` of ``total`` answers are there, ``from_store`` of them without a call."""

    phase: Phase
    done: int
    total: int
    from_store: int


ProgressListener = Callable[[Progress], None]
"""Called in the event loop after each answer: it must not block, and what it raises ends the summarization."""


class ProgressCounter:
    """Counts the answers of one phase and tells the listener."""

    def __init__(self, listener: ProgressListener | None, phase: Phase, total: int) -> None:
        self._listener = listener
        self._phase: Phase = phase
        self._total = total
        self._done = 0
        self._from_store = 0

    def count(self, *, from_store: bool) -> None:
        """Count one more answer."""
        self._done += 1
        self._from_store += from_store
        if self._listener is not None:
            self._listener(Progress(self._phase, self._done, self._total, self._from_store))


async def gather_or_cancel(work: Iterable[Coroutine[Any, Any, _Result]]) -> list[_Result]:
    """Run ``work`` side by side and return the results in order. The first error cancels the rest and is raised.

    What a call under way makes of being cancelled is its own affair (``answering``); it is waited for.
    """
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        # A cancellation while they end is passed on to them: some of them let a call end first, unless told again.
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
