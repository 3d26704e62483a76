from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.report.window import Period, Window


def test_a_day_is_from_midnight_to_midnight_where_people_are() -> None:
    window = Window(Period.DAILY, date(2026, 11, 20), "Asia/Kolkata")
    assert window.start_utc == datetime(2026, 11, 19, 18, 30)  # noqa: DTZ001 -- a column's value
    assert window.end.isoformat() == "2026-11-21T00:00:00+05:30"


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_a_day_on_which_clocks_change_has_as_many_hours_as_it_has(day: date, hours: int) -> None:
    window = Window(Period.DAILY, day, "Europe/Berlin")
    assert window.end_utc - window.start_utc == timedelta(hours=hours)


@given(
    st.dates(date(2000, 1, 3), date(2040, 1, 1)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Auckland", "Africa/Cairo"]),
    st.sampled_from(Period),
)
def test_windows_follow_each_other_without_a_gap_or_an_overlap(day: date, zone: str, period: Period) -> None:
    window = Window(period, day, zone)
    assert window.previous.end_utc == window.start_utc < window.end_utc
    assert window.start.astimezone(UTC).replace(tzinfo=None) == window.start_utc


def test_a_week_is_called_by_its_first_and_last_day() -> None:
    assert Window(Period.WEEKLY, date(2026, 11, 16), "UTC").label == "2026-11-16 to 2026-11-22"
