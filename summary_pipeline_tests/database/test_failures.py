import pytest
from sqlalchemy import Engine, update

from summary_pipeline.database.failures import MAX_REASON_CHARACTERS, FailureOutcome, mark_failed
from summary_pipeline.database.models import ProcessedMessage, Video
from summary_pipeline.database.own_models import VideoStatusLog
from summary_pipeline.database.persistence import PersistResult
from summary_pipeline_tests.database.faults import Crash, before_step, crash
from summary_pipeline_tests.database.rows import EVENT_ID, OTHER_EVENT_ID, add_video, all_of, persist, request, state

pytestmark = pytest.mark.servers

REASON = "The transcript is empty. Transcribe the video again."


@pytest.mark.parametrize("status", ["pending", "uploading", "transcoding", "transcribing", "summarizing"])
def test_a_waiting_video_fails_with_its_reason(engine: Engine, status: str) -> None:
    add_video(engine, status=status)
    assert mark_failed(engine, 7, REASON, EVENT_ID, "run-1") is FailureOutcome.FAILED
    (video,), (log,) = all_of(engine, Video), all_of(engine, VideoStatusLog)
    assert (video.status, video.status_message) == ("failed", REASON)
    assert video.updated_at > video.created_at
    assert (log.from_status, log.to_status, log.reason) == (status, "failed", REASON)
    assert (log.event_id, log.run_id) == (EVENT_ID, "run-1")


def test_a_failed_event_can_be_replayed(engine: Engine) -> None:
    add_video(engine)
    mark_failed(engine, 7, REASON, EVENT_ID, "run-1")
    assert all_of(engine, ProcessedMessage) == []
    assert persist(engine, request(run_id="run-2")).result is PersistResult.SAVED
    assert [(video.status, video.status_message) for video in all_of(engine, Video)] == [("indexing", None)]


def test_the_same_failure_is_written_once(engine: Engine) -> None:
    add_video(engine)
    mark_failed(engine, 7, REASON, EVENT_ID, "run-1")
    before = state(engine)
    assert mark_failed(engine, 7, REASON, EVENT_ID, "run-1") is FailureOutcome.ALREADY_FAILED
    assert state(engine) == before


def test_a_failure_is_not_told_again_after_the_video_was_summarized(engine: Engine) -> None:
    add_video(engine)
    mark_failed(engine, 7, REASON, EVENT_ID, "run-1")
    persist(engine, request(source_event=None, run_id="run-2"))
    before = state(engine)
    assert mark_failed(engine, 7, REASON, EVENT_ID, "run-1") is FailureOutcome.ALREADY_FAILED
    assert state(engine) == before


@pytest.mark.parametrize("run_id", ["run-1", None])
def test_an_old_failure_does_not_fail_a_video_that_was_uploaded_again(engine: Engine, run_id: str | None) -> None:
    add_video(engine)
    mark_failed(engine, 7, REASON, EVENT_ID, run_id)
    mark_failed(engine, 7, "Another reason.", OTHER_EVENT_ID, "run-2")
    with engine.begin() as connection:
        connection.execute(update(Video).values(status="uploading", status_message=None))
    before = state(engine)
    assert mark_failed(engine, 7, REASON, EVENT_ID, run_id) is FailureOutcome.ALREADY_FAILED
    assert state(engine) == before


@pytest.mark.parametrize("status", ["summarizing", "indexing"])
def test_the_same_failure_of_another_run_is_news(engine: Engine, status: str) -> None:
    add_video(engine, status=status)
    first = mark_failed(engine, 7, REASON, EVENT_ID, "run-1")
    assert mark_failed(engine, 7, REASON, EVENT_ID, "run-2") is first
    assert [row.run_id for row in all_of(engine, VideoStatusLog)] == ["run-1", "run-2"]


def test_the_same_failure_of_another_video_is_news(engine: Engine) -> None:
    add_video(engine)
    add_video(engine, 8)
    mark_failed(engine, 7, REASON, run_id="run-1")
    assert mark_failed(engine, 8, REASON, run_id="run-1") is FailureOutcome.FAILED


def test_a_later_failure_tells_the_newer_reason(engine: Engine) -> None:
    add_video(engine)
    mark_failed(engine, 7, "The first reason.", EVENT_ID, "run-1")
    assert mark_failed(engine, 7, "The second reason.", EVENT_ID, "run-2") is FailureOutcome.FAILED
    assert all_of(engine, Video)[0].status_message == "The second reason."
    assert [row.reason for row in all_of(engine, VideoStatusLog)] == ["The first reason.", "The second reason."]


@pytest.mark.parametrize("status", ["indexing", "ready"])
def test_a_video_with_a_summary_is_kept_and_the_log_says_what_failed(engine: Engine, status: str) -> None:
    add_video(engine, status=status)
    assert mark_failed(engine, 7, REASON, EVENT_ID, "run-1") is FailureOutcome.KEPT
    (video,), (log,) = all_of(engine, Video), all_of(engine, VideoStatusLog)
    assert (video.status, video.status_message) == (status, None)
    assert (log.from_status, log.to_status, log.reason) == (status, status, REASON)


def test_an_event_that_had_its_effect_does_not_fail_the_video(engine: Engine) -> None:
    """The run died between the commit and its end."""
    add_video(engine)
    persist(engine, request())
    before = state(engine)
    assert mark_failed(engine, 7, REASON, EVENT_ID, "run-1") is FailureOutcome.ALREADY_PROCESSED
    assert state(engine) == before


def test_a_backfill_that_had_its_effect_does_not_fail_the_video(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request(source_event=None, run_id="run-9"))
    assert mark_failed(engine, 7, REASON, None, "run-9") is FailureOutcome.ALREADY_PROCESSED


def test_the_retry_of_a_backfill_that_had_its_effect_does_not_fail_the_video(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request(source_event=None, run_id="run-9"))
    before = state(engine)
    outcome = mark_failed(engine, 7, REASON, run_id="run-10", first_run_id="run-9")
    assert outcome is FailureOutcome.ALREADY_PROCESSED
    assert state(engine) == before


def test_a_failure_of_an_unknown_video_changes_nothing(engine: Engine) -> None:
    before = state(engine)
    assert mark_failed(engine, 7, REASON, EVENT_ID, "run-1") is FailureOutcome.UNKNOWN_VIDEO
    assert state(engine) == before


def test_a_failure_without_event_and_run_is_written(engine: Engine) -> None:
    add_video(engine)
    assert mark_failed(engine, 7, REASON) is FailureOutcome.FAILED
    assert mark_failed(engine, 7, REASON) is FailureOutcome.FAILED


def test_the_reason_is_one_short_storable_line(engine: Engine) -> None:
    add_video(engine)
    mark_failed(engine, 7, "NUL \x00\nand\tlone \ud800 " + "x" * 5000, OTHER_EVENT_ID, "run-1")
    message = all_of(engine, Video)[0].status_message
    assert message is not None
    assert message.startswith("NUL \N{REPLACEMENT CHARACTER} and lone \N{REPLACEMENT CHARACTER} xxx")
    assert len(message) == MAX_REASON_CHARACTERS


def test_a_crash_before_any_statement_leaves_nothing(engine: Engine) -> None:
    add_video(engine)
    before = state(engine)
    engine.dispose()
    outcome, point = None, 0
    while outcome is None:
        point += 1
        with before_step(engine, point, crash):
            try:
                outcome = mark_failed(engine, 7, REASON, EVENT_ID, "run-1")
            except Crash:
                assert state(engine) == before, f"interrupted at point {point}"
    assert (outcome, point) == (FailureOutcome.FAILED, 9)
