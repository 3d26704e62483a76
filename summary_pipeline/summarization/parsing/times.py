"""Times as documents write them: numbers, numbers in quotes, and clock times such as ``00:01:02,500``."""

import math
import re

_CLOCK = re.compile(r"(?:(?P<hours>\d{1,4}):)?(?P<minutes>\d{1,4}):(?P<seconds>\d{1,2}(?:[.,]\d{1,9})?)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d{1,15}(?:[.,]\d{0,20})?|[.,]\d{1,20})(?:[eE][+-]?\d{1,3})?", re.ASCII)
_LATEST = 1e8
"""Three years. Larger numbers are no seconds, and a few of them are no numbers."""


def seconds(value: object) -> float | None:
    """Return the seconds that ``value`` stands for, or None where it is no usable time.

    Not usable are: nothing, NaN and infinity, more than three years, less than minus one second (rounding can make a
    time a little less than zero, which becomes zero).
    """
    number = _number(value)
    if number is None or not -1 < number <= _LATEST:  # false for NaN too
        return None
    return max(number, 0.0)


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) <= _LATEST else math.nan
    if not isinstance(value, str):
        return None
    text = value.strip()
    if match := _CLOCK.fullmatch(text):
        hours, minutes = int(match["hours"] or 0), int(match["minutes"])
        return hours * 3600 + minutes * 60 + float(match["seconds"].replace(",", "."))
    text = text.removesuffix("s").rstrip()
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None
