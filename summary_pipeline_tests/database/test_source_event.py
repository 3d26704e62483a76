from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.database.source_event import SourceEvent, stored_source_event
from summary_pipeline_tests.database.rows import EVENT_ID, NOON


def event(ts: datetime | None = None, offset: int | None = None, **place: Any) -> SourceEvent:  # noqa: ANN401 - model fields
    position = {"cluster_id": "c", "topic": "t", "partition": 0, **place} if offset is not None else {}
    return SourceEvent(id=EVENT_ID, ts=ts, offset=offset, **position)


LATER = NOON + timedelta(microseconds=1)


def test_times_decide() -> None:
    assert event(NOON).is_older_than(event(LATER))
    assert not event(LATER).is_older_than(event(NOON))


def test_times_count_more_than_offsets() -> None:
    assert event(NOON, offset=9).is_older_than(event(LATER, offset=1))


@pytest.mark.parametrize(("one", "other"), [(NOON, NOON), (None, None), (None, NOON), (NOON, None)])
def test_offsets_decide_where_times_do_not(one: datetime | None, other: datetime | None) -> None:
    assert event(one, offset=1).is_older_than(event(other, offset=2))
    assert not event(one, offset=2).is_older_than(event(other, offset=1))


@pytest.mark.parametrize("place", [{"cluster_id": "d"}, {"topic": "u"}, {"partition": 1}, {"cluster_id": None}])
def test_offsets_of_different_places_say_nothing(place: dict[str, Any]) -> None:
    assert not event(offset=1).is_older_than(event(offset=2, **place))


def test_without_times_and_offsets_nothing_is_older() -> None:
    assert not event().is_older_than(event())
    assert not event(offset=1).is_older_than(event())


events = st.builds(
    SourceEvent,
    id=st.just(EVENT_ID),
    ts=st.sampled_from([None, NOON, LATER]),
    cluster_id=st.sampled_from([None, "c"]),
    topic=st.just("t"),
    partition=st.sampled_from([None, 0, 1]),
    offset=st.sampled_from([None, 1, 2]),
)


@given(events, events)
def test_no_two_events_are_each_older_than_the_other(one: SourceEvent, other: SourceEvent) -> None:
    assert not (one.is_older_than(other) and other.is_older_than(one))
    assert not one.is_older_than(one)


@given(events)
def test_a_stored_event_is_read_back(one: SourceEvent) -> None:
    assert stored_source_event({"source_event": one.model_dump(mode="json"), "model": "m"}) == one


@pytest.mark.parametrize(
    "info", [None, [], "x", {}, {"source_event": None}, {"source_event": "x"}, {"source_event": {"id": "no uuid"}}]
)
def test_what_is_not_in_our_form_says_nothing(info: object) -> None:
    assert stored_source_event(info) is None
