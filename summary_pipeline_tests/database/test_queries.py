from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, insert

from summary_pipeline.contract.events import parse_video_transcribed
from summary_pipeline.database import queries
from summary_pipeline.database.errors import UnknownVideoError
from summary_pipeline.database.failures import mark_failed
from summary_pipeline.database.models import OutboxEvent, ProcessedMessage, VideoSummary, VideoTranscript
from summary_pipeline.database.queries import (
    awaits_event,
    is_processed,
    lost_events,
    stuck_videos,
    transcript_path,
)
from summary_pipeline.database.videos import require_video
from summary_pipeline_tests.database.rows import EVENT_ID, OTHER_EVENT_ID, add_video, persist, request

pytestmark = pytest.mark.servers

HOUR = 3600.0


def ago(seconds: float) -> datetime:
    return datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=seconds)


def add_transcribed(
    engine: Engine, event_id: str = EVENT_ID, video_id: int = 7, row_id: str | None = None, **columns: object
) -> None:
    values: dict[str, Any] = {
        "id": UUID(row_id or event_id),
        "topic": "video.transcribed",
        "payload": {"id": event_id, "videoId": video_id, "transcriptFileKey": f"transcripts/{video_id}/t.json"},
        "published": True,
        "created_at": ago(2 * HOUR),
        "published_at": ago(2 * HOUR),
        **columns,
    }
    with engine.begin() as connection:
        connection.execute(insert(OutboxEvent).values(values))


def lost(engine: Engine) -> list[tuple[str, int]]:
    return [(lost.event.id, lost.event.video_id) for lost in lost_events(engine, HOUR)]


def test_processed_events_are_told_from_new_ones(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request())
    assert is_processed(engine, [EVENT_ID, OTHER_EVENT_ID]) == {EVENT_ID}
    assert is_processed(engine, []) == set()


def test_the_recorded_transcript_path_is_found(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(VideoTranscript).values(video_id=7, status="done", transcript_path="t/7.vtt"))
        connection.execute(insert(VideoTranscript).values(video_id=8, status="done"))
    assert transcript_path(engine, 7) == "t/7.vtt"
    assert transcript_path(engine, 8) is None
    assert transcript_path(engine, 9) is None


def test_only_a_missing_video_is_missed(engine: Engine) -> None:
    add_video(engine)
    require_video(engine, 7)
    with pytest.raises(UnknownVideoError):
        require_video(engine, 8)


def test_videos_that_wait_too_long_are_found_the_longest_first(engine: Engine) -> None:
    add_video(engine, 1, updated_at=ago(2 * HOUR))
    add_video(engine, 2, updated_at=ago(3 * HOUR))
    add_video(engine, 3, updated_at=ago(60))
    add_video(engine, 4, status="failed", updated_at=ago(2 * HOUR))
    assert [video.video_id for video in stuck_videos(engine, HOUR)] == [2, 1]
    (first,) = stuck_videos(engine, HOUR, limit=1)
    assert first.video_id == 2
    assert [video.video_id for video in stuck_videos(engine, HOUR, after=first)] == [1]


def test_stuck_videos_of_one_moment_are_paged_through_by_their_ids(engine: Engine) -> None:
    moment = ago(2 * HOUR)
    for video_id in (1, 2, 3):
        add_video(engine, video_id, updated_at=moment)
    page = stuck_videos(engine, HOUR, limit=2)
    assert [video.video_id for video in page] == [1, 2]
    assert [video.video_id for video in stuck_videos(engine, HOUR, after=page[-1])] == [3]


def test_an_event_without_effect_is_lost(engine: Engine) -> None:
    add_video(engine)
    add_transcribed(engine)
    (found,) = lost_events(engine, HOUR)
    event = found.event
    assert (event.id, event.video_id, event.transcript_file_key) == (EVENT_ID, 7, "transcripts/7/t.json")
    assert parse_video_transcribed(found.payload) == event


def test_an_event_that_had_its_effect_is_not_lost(engine: Engine) -> None:
    add_video(engine)
    add_transcribed(engine)
    with engine.begin() as connection:
        connection.execute(insert(ProcessedMessage).values(message_id=EVENT_ID))
    assert lost(engine) == []


def test_an_event_is_known_by_the_id_in_its_payload(engine: Engine) -> None:
    add_video(engine)
    add_transcribed(engine, row_id=OTHER_EVENT_ID)
    assert lost(engine) == [(EVENT_ID, 7)]
    with engine.begin() as connection:
        connection.execute(insert(ProcessedMessage).values(message_id=EVENT_ID))
    assert lost(engine) == []


@pytest.mark.parametrize(
    "columns",
    [
        {"published": False, "published_at": None},
        {"published_at": ago(60)},
        {"published_at": ago(30 * 86400), "created_at": ago(30 * 86400)},
        {"published_at": ago(60), "created_at": ago(9 * HOUR)},
        {"topic": "video.uploaded"},
        {"payload": {"id": EVENT_ID, "videoId": 0, "transcriptFileKey": "x"}},
        {"payload": {"id": EVENT_ID, "videoId": 8, "transcriptFileKey": "x"}},
    ],
    ids=["unpublished", "young", "ancient", "published late", "another topic", "no valid event", "unknown video"],
)
def test_what_is_no_lost_event_is_left_out(engine: Engine, columns: dict[str, Any]) -> None:
    add_video(engine)
    add_transcribed(engine, **columns)
    assert lost(engine) == []


@pytest.mark.parametrize("status", ["summarizing", "failed", "indexing", "ready"])
def test_an_event_without_an_outcome_is_lost_wherever_a_summary_can_be_saved(engine: Engine, status: str) -> None:
    add_video(engine, status=status)
    add_transcribed(engine)
    assert lost(engine) == [(EVENT_ID, 7)]


@pytest.mark.parametrize("status", ["pending", "transcribing"])
def test_a_video_that_still_waits_for_its_transcript_has_no_lost_events(engine: Engine, status: str) -> None:
    add_video(engine, status=status)
    add_transcribed(engine)
    assert lost(engine) == []


@pytest.mark.parametrize("status", ["summarizing", "failed", "ready"])
def test_an_event_whose_failure_is_on_record_is_not_lost(engine: Engine, status: str) -> None:
    add_video(engine, status=status)
    add_transcribed(engine)
    mark_failed(engine, 7, "It was too long.", EVENT_ID, "run")
    add_transcribed(engine, OTHER_EVENT_ID)
    assert lost(engine) == [(OTHER_EVENT_ID, 7)]
    assert awaits_event(engine, [7]) == {7}


def test_a_video_whose_events_have_all_failed_awaits_none(engine: Engine) -> None:
    add_video(engine)
    add_transcribed(engine)
    mark_failed(engine, 7, "It was too long.", EVENT_ID, "run")
    assert awaits_event(engine, [7]) == set()


def test_a_newer_event_that_was_lost_is_found_behind_an_older_ones_summary(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request())
    add_transcribed(engine, OTHER_EVENT_ID)
    assert lost(engine) == [(OTHER_EVENT_ID, 7)]


@pytest.mark.parametrize(("summarized_at", "is_lost"), [(ago(HOUR), False), (ago(3 * HOUR), True)])
def test_what_the_former_service_summarized_is_not_lost(
    engine: Engine, summarized_at: datetime, *, is_lost: bool
) -> None:
    add_video(engine, status="ready")
    add_transcribed(engine)
    with engine.begin() as connection:
        connection.execute(insert(VideoSummary).values(video_id=7, summary_text="x", updated_at=summarized_at))
    assert bool(lost(engine)) is is_lost


def test_one_odd_payload_does_not_hide_the_others(engine: Engine) -> None:
    add_video(engine)
    add_transcribed(engine, OTHER_EVENT_ID, payload={"id": OTHER_EVENT_ID, "videoId": 7, "transcriptFileKey": "\x00"})
    add_transcribed(engine)
    assert lost(engine) == [(EVENT_ID, 7)]


def test_lost_events_are_found_behind_any_number_of_others(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "_PAGE", 2)
    add_video(engine)
    for number in range(7):
        add_transcribed(engine, str(uuid4()), video_id=99, created_at=ago(3 * HOUR + number))
    add_transcribed(engine)
    add_transcribed(engine, OTHER_EVENT_ID, created_at=ago(2 * HOUR - 1))
    assert lost(engine) == [(EVENT_ID, 7), (OTHER_EVENT_ID, 7)]
    (first,) = lost_events(engine, HOUR, limit=1)
    assert [found.event.id for found in lost_events(engine, HOUR, after=first)] == [OTHER_EVENT_ID]


@pytest.mark.parametrize(
    ("columns", "awaits"),
    [
        ({}, {7}),
        ({"published": False, "published_at": None}, {7}),
        ({"published": False, "published_at": None, "created_at": ago(30 * 86400)}, {7}),
        ({"created_at": ago(30 * 86400), "published_at": ago(30 * 86400)}, set()),
        ({"topic": "video.uploaded"}, set()),
        ({"payload": {"id": EVENT_ID, "videoId": 8, "transcriptFileKey": "x"}}, set()),
        ({"payload": {"id": "no event", "videoId": 7}}, set()),
    ],
    ids=["published", "unpublished", "old and unpublished", "forgotten", "another topic", "another video", "no event"],
)
def test_a_video_awaits_the_events_that_are_on_their_way(
    engine: Engine, columns: dict[str, Any], awaits: set[int]
) -> None:
    add_transcribed(engine, **columns)
    assert awaits_event(engine, [7, 9]) == awaits
    assert awaits_event(engine, []) == set()


@pytest.mark.parametrize("row_id", [EVENT_ID, OTHER_EVENT_ID], ids=["the row's", "only the payload's"])
def test_an_event_that_had_its_effect_is_not_awaited(engine: Engine, row_id: str) -> None:
    add_transcribed(engine, row_id=row_id)
    with engine.begin() as connection:
        connection.execute(insert(ProcessedMessage).values(message_id=EVENT_ID))
    assert awaits_event(engine, [7]) == set()
