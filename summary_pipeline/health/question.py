"""Asking a server something without being held up by one that hangs.

Belongs here: the thread in which a client waits. Does not belong here: what is asked (``checks``), HTTP (``app``).
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


def begin(ask: Callable[[], Answer]) -> Future[tuple[str | None, Answer | None]]:
    """Ask in a thread of its own; what comes of it is what is wrong, if anything is, and the answer."""
    outcome: Future[tuple[str | None, Answer | None]] = Future()
    # No executor: the process would not end before its threads did.
    threading.Thread(target=lambda: outcome.set_result(_outcome(ask)), daemon=True).start()
    return outcome


class Question(Generic[Answer]):
    """Something to ask a server. It is asked once at a time: whoever asks meanwhile waits for the same answer.

    A server that hangs thus costs one thread of its own, however often it is asked, and none that others need.
    """

    def __init__(self, ask: Callable[[], Answer]) -> None:
        self._ask = ask
        self._under_way: asyncio.Future[tuple[str | None, Answer | None]] | None = None

    async def answer(self, seconds: float) -> tuple[str | None, Answer | None]:
        """Return what is wrong, if anything is, and the answer."""
        call = self._under_way
        if call is None or call.done():
            call = self._under_way = asyncio.wrap_future(begin(self._ask))
        await asyncio.wait([call], timeout=seconds)
        return call.result() if call.done() else (f"no answer within {seconds:g} s", None)


def _outcome(ask: Callable[[], Answer]) -> tuple[str | None, Answer | None]:
    try:
        return None, ask()
    except Exception as error:  # noqa: BLE001 -- whatever a client raises is the answer to the question that was asked
        return f"{type(error).__name__}: {error}", None
