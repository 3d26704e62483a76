"""The id of a video: a positive PostgreSQL ``INTEGER``.

Belongs here: its range and its reading from the forms in which it arrives.
Does not belong here: whether such a video exists.
"""

import re
from typing import Final

MAX_VIDEO_ID: Final = 2**31 - 1

_DIGITS = re.compile(r"[0-9]{1,10}")


class InvalidVideoIdError(ValueError):
    """No video can have this id."""


def read_integer(value: object) -> int:
    """Return the integer that ``value`` stands for: an integer, ``7.0`` as JSON may have it, or ``"7"``.

    Raises:
        ValueError: it is anything else; a boolean is no integer.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value)
    raise ValueError("is neither an integer nor a string of digits")


def check_video_id(value: int) -> int:
    """Return ``value`` if a video can have this id.

    Raises:
        InvalidVideoIdError: it lies outside of 1 to 2**31 - 1.
    """
    if not 1 <= value <= MAX_VIDEO_ID:
        raise InvalidVideoIdError(f"is not between 1 and {MAX_VIDEO_ID}")
    return value
