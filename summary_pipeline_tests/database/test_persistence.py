from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, insert, select

from summary_pipeline.contract.video_status import VideoStatus
from summary_pipeline.database.errors import UnexpectedStatusError, UnknownVideoError, VideoNotReadyError
from summary_pipeline.database.models import OutboxEvent, ProcessedMessage, Video, VideoSummary
from summary_pipeline.database.own_models import VideoStatusLog
from summary_pipeline.database.persistence import PersistOutcome, PersistResult
from summary_pipeline.database.source_event import SourceEvent
from summary_pipeline_tests.database.rows import (
    EVENT_ID,
    NOON,
    OTHER_EVENT_ID,
    add_video,
    all_of,
    persist,
    request,
    state,
)

pytestmark = pytest.mark.servers

NEWER = SourceEvent(id=OTHER_EVENT_ID, ts=NOON + timedelta(seconds=1))
OLDER = SourceEvent(id=OTHER_EVENT_ID, ts=NOON - timedelta(seconds=1))


def test_all_of_the_effect_is_there(engine: Engine) -> None:
    add_video(engine, status_message="an earlier failure")
    outcome = persist(engine, request(quality_score=0.75, model_info={"model": "m"}))
    (video,), (summary,), (outgoing,) = all_of(engine, Video), all_of(engine, VideoSummary), all_of(engine, OutboxEvent)
    (processed,), (log,) = all_of(engine, ProcessedMessage), all_of(engine, VideoStatusLog)
    assert outcome == PersistOutcome(
        PersistResult.SAVED, str(outgoing.id), VideoStatus.SUMMARIZING, VideoStatus.INDEXING
    )
    assert (video.status, video.status_message, video.processed_at) == ("indexing", None, None)
    assert (summary.summary_text, summary.summary_path) == ("What was said.", "summaries/7/summary.json")
    assert summary.quality_score == 0.75
    assert summary.model_info is not None
    assert (summary.model_info["model"], summary.model_info["run_id"]) == ("m", "run-1")
    assert processed.message_id == EVENT_ID
    assert (log.from_status, log.to_status, log.event_id, log.run_id) == ("summarizing", "indexing", EVENT_ID, "run-1")
    assert (outgoing.topic, outgoing.service) == ("video.summarized", "python-backend")
    assert (outgoing.published, outgoing.attempts, outgoing.published_at) == (False, 0, None)


def test_the_outgoing_event_is_the_contracts(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request())
    (outgoing,) = all_of(engine, OutboxEvent)
    assert outgoing.payload == {
        "id": str(outgoing.id),
        "videoId": 7,
        "summaryFileKey": "summaries/7/summary.json",
        "summaryText": "What was said.",
        "ts": f"{outgoing.created_at.replace(microsecond=0).isoformat()}Z",
    }


def test_a_repeat_of_an_event_changes_nothing(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request())
    before = state(engine)
    outcome = persist(engine, request(run_id="run-2", summary_text="Another summary."))
    assert outcome == PersistOutcome(PersistResult.ALREADY_PROCESSED)
    assert state(engine) == before


def test_a_newer_event_replaces_the_summary(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request())
    created = all_of(engine, VideoSummary)[0].created_at
    outcome = persist(engine, request(event=NEWER, summary_text="Better."))
    (summary,) = all_of(engine, VideoSummary)
    assert outcome.result is PersistResult.SAVED
    assert (summary.summary_text, summary.created_at) == ("Better.", created)
    assert summary.updated_at > created
    assert len(all_of(engine, OutboxEvent)) == 2


def test_an_older_event_does_not_replace_the_summary(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request())
    before = state(engine)
    outcome = persist(engine, request(event=OLDER, summary_text="Outdated."))
    after = state(engine)
    assert outcome == PersistOutcome(PersistResult.SUPERSEDED, None, VideoStatus.INDEXING, VideoStatus.INDEXING)
    unchanged = {"videos", "video_summaries", "outbox_events"}
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}


def test_an_older_event_is_processed_and_the_log_says_why_it_had_no_effect(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request())
    persist(engine, request(event=OLDER))
    assert {row.message_id for row in all_of(engine, ProcessedMessage)} == {EVENT_ID, OTHER_EVENT_ID}
    assert all_of(engine, VideoStatusLog)[-1].reason == f"superseded: the summary is from the newer event {EVENT_ID}"


def test_a_backfill_summarizes_again(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request())
    outcome = persist(engine, replace(request(run_id="run-2", summary_text="Again."), source_event=None))
    assert outcome.result is PersistResult.SAVED
    assert all_of(engine, VideoSummary)[0].summary_text == "Again."
    assert {row.message_id for row in all_of(engine, ProcessedMessage)} == {EVENT_ID, "run:run-2"}


def test_a_retry_inside_a_backfills_run_changes_nothing(engine: Engine) -> None:
    add_video(engine)
    backfill = replace(request(), source_event=None)
    persist(engine, backfill)
    before = state(engine)
    assert persist(engine, backfill).result is PersistResult.ALREADY_PROCESSED
    assert state(engine) == before


def test_an_automatic_retry_of_a_backfills_run_changes_nothing(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request(source_event=None, run_id="run-1"))
    before = state(engine)
    repeated = persist(engine, request(source_event=None, run_id="run-2", first_run_id="run-1"))
    assert repeated.result is PersistResult.ALREADY_PROCESSED
    assert state(engine) == before


def test_an_event_is_known_by_itself_and_not_by_its_runs(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request(run_id="run-2", first_run_id="run-1"))
    assert [row.message_id for row in all_of(engine, ProcessedMessage)] == [EVENT_ID]


def test_an_old_event_does_not_pass_for_new_after_a_backfill(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request())
    persist(engine, replace(request(run_id="run-2"), source_event=None))
    assert persist(engine, request(event=OLDER)).result is PersistResult.SUPERSEDED


def test_a_summary_of_unknown_origin_is_replaced(engine: Engine) -> None:
    add_video(engine)
    with engine.begin() as connection:
        connection.execute(insert(VideoSummary).values(video_id=7, model_info={"source_event": "something else"}))
    assert persist(engine, request()).result is PersistResult.SAVED


def test_a_pruned_memory_does_not_double_the_outgoing_event(engine: Engine) -> None:
    add_video(engine)
    first = persist(engine, request())
    with engine.begin() as connection:
        connection.execute(delete(ProcessedMessage))
    second = persist(engine, request())
    assert second.outgoing_event_id == first.outgoing_event_id
    assert len(all_of(engine, OutboxEvent)) == 1


@pytest.mark.parametrize("status", ["indexing", "ready", "failed"])
def test_a_summarized_or_failed_video_is_indexed_again(engine: Engine, status: str) -> None:
    add_video(engine, status=status)
    outcome = persist(engine, request())
    assert (outcome.from_status, outcome.to_status) == (VideoStatus(status), VideoStatus.INDEXING)


@pytest.mark.parametrize("status", ["pending", "uploading", "transcoding", "transcribing"])
def test_a_video_that_waits_for_its_transcript_is_left_alone(engine: Engine, status: str) -> None:
    add_video(engine, status=status)
    before = state(engine)
    with pytest.raises(VideoNotReadyError, match=f"still '{status}'"):
        persist(engine, request())
    assert state(engine) == before


def test_an_unknown_video_is_an_error_and_the_event_stays_unprocessed(engine: Engine) -> None:
    before = state(engine)
    with pytest.raises(UnknownVideoError, match="Video 7 is not in the videos table"):
        persist(engine, request())
    assert state(engine) == before


def test_a_status_beyond_the_contract_is_an_error(engine: Engine) -> None:
    add_video(engine, status="archived")
    before = state(engine)
    with pytest.raises(UnexpectedStatusError, match="'archived'"):
        persist(engine, request())
    assert state(engine) == before


def test_what_postgresql_refuses_is_replaced(engine: Engine) -> None:
    add_video(engine)
    hostile = "NUL \x00, lone \ud800, '; DROP TABLE videos; --, <script>, \N{GRINNING FACE}"
    info: dict[str, Any] = {"text": hostile, "number": float("nan"), "nested": [{"k\x00": (hostile, None, 1.5)}]}
    persist(engine, request(summary_text=hostile, model_info=info))
    clean = hostile.replace("\x00", "\N{REPLACEMENT CHARACTER}").replace("\ud800", "\N{REPLACEMENT CHARACTER}")
    (summary,), (outgoing,) = all_of(engine, VideoSummary), all_of(engine, OutboxEvent)
    assert summary.summary_text == clean
    assert summary.model_info is not None
    assert (summary.model_info["text"], summary.model_info["number"]) == (clean, None)
    assert summary.model_info["nested"] == [{"k\N{REPLACEMENT CHARACTER}": [clean, None, 1.5]}]
    assert outgoing.payload["summaryText"] == clean


def test_json_is_written_as_the_neighbour_writes_it(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request(summary_text="Über"))
    with engine.connect() as connection:
        text = connection.execute(select(func.cast(OutboxEvent.payload, OutboxEvent.topic.type))).scalar_one()
    assert '"videoId":7,' in text
    assert '"summaryText":"Über"' in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"summary_text": " \n"}, "is blank"),
        ({"quality_score": 1.01}, "not within 0 to 1"),
        ({"quality_score": float("nan")}, "not within 0 to 1"),
        ({"video_id": 0}, "is not between"),
        ({"run_id": ""}, "run_id is empty"),
    ],
)
def test_a_request_that_makes_no_sense_can_not_be_made(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        request(**changes)
