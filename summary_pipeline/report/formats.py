"""Numbers as people read them, on pages and in the terminal.

Belongs here: rounding, units, signs, and the dash where there is no number. Does not belong here: HTML.
"""

import datetime as dt
from typing import Final

from summary_pipeline.report.statistics import Estimate

NONE: Final = "–"
MINUS: Final = "−"


def amount(value: float | None) -> str:
    """Return a count with separators."""
    return NONE if value is None else f"{value:,.0f}"


def score(value: float | None) -> str:
    """Return a score or a part of it, with two decimals."""
    return NONE if value is None else f"{value:.2f}"


def percent(value: float | None) -> str:
    """Return a share in percent, with one decimal below ten."""
    if value is None:
        return NONE
    return f"{value:.0%}" if value >= 0.1 or value == 0 else f"{value:.1%}"


def dollars(value: float | None) -> str:
    """Return US dollars, small amounts with what is left of them."""
    if value is None:
        return NONE
    if value == 0:
        return "$0"
    return f"${value:,.2f}" if value >= 1 else f"${value:.4f}"


def duration(seconds: float | None) -> str:
    """Return a time span in the unit that fits."""
    if seconds is None:
        return NONE
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if abs(seconds) < limit:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds / 86400:.1f} d"


def instant(value: dt.datetime) -> str:
    """Return a time to the minute, with its offset from UTC."""
    zone = "UTC" if not value.utcoffset() else f"UTC{value:%z}"
    return f"{value:%Y-%m-%d %H:%M} {zone}"


def estimate(value: Estimate | None) -> str:
    """Return a mean score with its interval."""
    if value is None:
        return NONE
    interval = "" if value.low is None or value.high is None else f" ({value.low:.2f} to {value.high:.2f})"
    return f"{value.value:.2f}{interval}"


def difference(value: Estimate | None, *, as_percent: bool = False) -> str:
    """Return a difference with its sign and its interval; of shares, in percentage points."""
    if value is None:
        return NONE
    factor, places, unit = (100, 1, " points") if as_percent else (1, 3, "")
    shown = _signed(value.value * factor, places)
    if value.low is None or value.high is None:
        return f"{shown}{unit}"
    return f"{shown}{unit} ({_signed(value.low * factor, places)} to {_signed(value.high * factor, places)})"


def _signed(value: float, places: int) -> str:
    text = f"{abs(value):.{places}f}"
    if float(text) == 0:
        return text
    return f"{'+' if value > 0 else MINUS}{text}"
