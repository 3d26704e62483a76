"""Waiting for what comes about in other processes."""

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")

_PAUSE_SECONDS = 0.2


def eventually(
    look: Callable[[], Seen],
    what: str,
    *,
    until: Callable[[Seen], bool] = bool,
    seconds: float = 90,
    check: Callable[[], None] = lambda: None,
) -> Seen:
    """Look again and again until ``until`` holds for what is seen, and return that.

    ``check`` is called between two looks and raises where there is nothing left to wait for. A wait that is in vain
    fails with ``what`` was waited for and what was seen last.
    """
    deadline = time.monotonic() + seconds
    while not until(seen := look()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}. Seen last: {seen!r}"
        check()
        time.sleep(_PAUSE_SECONDS)
    return seen
