"""The stretch of time that a report is about.

Belongs here: from a period, a date and a time zone to instants. Does not belong here: Dagster's partitions.

Days are those of people: in the report's time zone, 23 to 25 hours long where clocks change.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Period(StrEnum):
    """How much time a report covers. Weeks begin on Monday."""

    DAILY = "daily"
    WEEKLY = "weekly"

    @property
    def days(self) -> int:
        """Days in a window."""
        return 1 if self is Period.DAILY else 7

    @property
    def trend_length(self) -> int:
        """Windows that the trend shows, the report's own included: two weeks of days, or eight weeks."""
        return 14 if self is Period.DAILY else 8


@dataclass(frozen=True, slots=True)
class Window:
    """From midnight of ``first_day`` up to, and not including, midnight after the last day, in ``time_zone``."""

    period: Period
    first_day: date
    time_zone: str

    @property
    def start(self) -> datetime:
        """The first instant, in the window's time zone."""
        return self._midnight(self.first_day)

    @property
    def end(self) -> datetime:
        """The first instant after it, in the window's time zone."""
        return self._midnight(self.first_day + timedelta(days=self.period.days))

    @property
    def start_utc(self) -> datetime:
        """``start`` as the database's columns hold times: UTC, without a zone."""
        return naive_utc(self.start)

    @property
    def end_utc(self) -> datetime:
        """``end`` as the database's columns hold times: UTC, without a zone."""
        return naive_utc(self.end)

    @property
    def previous(self) -> "Window":
        """The window that ends where this one begins."""
        return self.before(1)

    @property
    def label(self) -> str:
        """What people call it: a date, or the first and the last."""
        if self.period is Period.DAILY:
            return self.first_day.isoformat()
        return f"{self.first_day.isoformat()} to {(self.first_day + timedelta(days=6)).isoformat()}"

    def before(self, count: int) -> "Window":
        """Return the window that lies ``count`` windows before this one."""
        return Window(self.period, self.first_day - timedelta(days=count * self.period.days), self.time_zone)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=ZoneInfo(self.time_zone))


def naive_utc(instant: datetime) -> datetime:
    """Return ``instant`` (which has a zone) as the database's columns hold times: UTC, without a zone."""
    return instant.astimezone(UTC).replace(tzinfo=None)


def aware_utc(stored: datetime) -> datetime:
    """Return a time of the database's columns with its zone, UTC."""
    return stored.replace(tzinfo=UTC)
