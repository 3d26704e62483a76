from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.defs.run_tags import EventOrigin

ORIGINS = st.builds(
    EventOrigin,
    event_id=st.uuids().map(str),
    video_id=st.integers(1, 2**31 - 1),
    transcript_key=st.text(min_size=1),
    ts=st.none() | st.datetimes(timezones=st.just(UTC)),
    snippet_count=st.none() | st.integers(0, 10**6),
    cluster_id=st.none() | st.text(min_size=1),
    topic=st.none() | st.just("video.transcribed"),
    partition=st.none() | st.integers(0, 100),
    offset=st.none() | st.integers(0, 2**62),
)


@given(ORIGINS)
def test_an_event_survives_the_way_through_the_tags_of_a_run(origin: EventOrigin) -> None:
    assert EventOrigin.from_tags(origin.to_tags()) == origin


def test_a_run_that_no_event_asked_for_has_no_origin() -> None:
    assert EventOrigin.from_tags({"dagster/partition": "7", "dagster/backfill": "abc"}) is None


def test_what_is_not_known_of_an_event_makes_no_tag() -> None:
    tags = EventOrigin(event_id="e", video_id=7, transcript_key="k", ts=datetime(2026, 1, 1, tzinfo=UTC)).to_tags()
    assert set(tags) == {
        "summary_pipeline/event_id",
        "summary_pipeline/video_id",
        "summary_pipeline/transcript_key",
        "summary_pipeline/event_ts",
    }
