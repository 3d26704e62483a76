"""Which failures the sensor still has to deal with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.defs.failure_cursor import (
    OVERLAP_IDS,
    FailureCursor,
    FailureCursorError,
    parse_failure_cursor,
)

IDS = st.lists(st.integers(1, 50_000), unique=True, max_size=40).map(sorted)


def test_before_the_first_tick_every_failure_is_new() -> None:
    assert parse_failure_cursor(None) == FailureCursor()
    assert FailureCursor().is_new(1)


@given(events=IDS, late=st.data())
def test_each_failure_is_dealt_with_once_even_where_it_becomes_visible_late(
    events: list[int], late: st.DataObject
) -> None:
    delays = [late.draw(st.integers(0, OVERLAP_IDS - 1)) for _ in events]
    visible_at = sorted(zip((event + delay for event, delay in zip(events, delays, strict=True)), events, strict=True))
    cursor, dealt_with = FailureCursor(), []
    for moment, _ in visible_at:
        for event in [event for at, event in visible_at if at <= moment and cursor.is_new(event)]:
            dealt_with.append(event)
            cursor = parse_failure_cursor(cursor.with_done(event).model_dump_json())
    assert sorted(dealt_with) == events


@given(events=IDS)
def test_the_cursor_keeps_no_more_than_it_may_meet_again(events: list[int]) -> None:
    cursor = FailureCursor()
    for event in events:
        cursor = cursor.with_done(event)
    assert all(event > cursor.after for event in cursor.done)


@given(events=IDS, put_off=st.integers(1, 100))
def test_what_was_put_off_is_not_forgotten_however_old_it_is(events: list[int], put_off: int) -> None:
    cursor = FailureCursor().with_undecided(put_off)
    for event in events:
        if event != put_off:
            cursor = cursor.with_done(event)
    assert cursor.undecided == {put_off}
    assert not cursor.is_new(put_off)
    assert cursor.with_done(put_off).undecided == frozenset()


def test_what_was_put_off_and_is_deleted_is_forgotten() -> None:
    cursor = FailureCursor().with_undecided(1).with_undecided(2)
    assert cursor.without_deleted([2, 3]).undecided == {2}


@pytest.mark.parametrize("text", ["{}x", '{"version": 2}', '{"__class__": "RunStatusSensorCursor"}'])
def test_a_cursor_of_another_form_stops_the_sensor_and_says_what_to_do(text: str) -> None:
    with pytest.raises(FailureCursorError, match="Clear it in the Dagster UI"):
        parse_failure_cursor(text)
