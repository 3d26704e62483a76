"""Telling the platform that a video could not be summarized.

Belongs here: the status ``failed``, its message and the log row. Does not belong here: deciding what is a failure.
"""

from enum import StrEnum
from typing import Final

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from summary_pipeline.contract.video_status import VideoStatus, is_allowed
from summary_pipeline.database.errors import UnknownVideoError
from summary_pipeline.database.locks import Lock, wait_for_lock
from summary_pipeline.database.models import ProcessedMessage, Video, backfill_message_id
from summary_pipeline.database.own_models import VideoStatusLog
from summary_pipeline.database.storable import storable_text
from summary_pipeline.database.unit_of_work import unit_of_work
from summary_pipeline.database.video_row import lock_video

MAX_REASON_CHARACTERS: Final = 1000


class FailureOutcome(StrEnum):
    """What became of a failure."""

    FAILED = "failed"
    """The video is ``failed`` now, and the log has a row."""
    KEPT = "kept"
    """The video has a good summary (``indexing``, ``ready``), which a later attempt's failure does not undo. Logged."""
    ALREADY_PROCESSED = "already_processed"
    """The event had its effect after all. Nothing was written."""
    ALREADY_FAILED = "already_failed"
    """The same failure was written before, whatever the video's status is by now. Nothing was written."""
    UNKNOWN_VIDEO = "unknown_video"
    """There is no such video to be failed. Nothing was written."""


def mark_failed(
    engine: Engine,
    video_id: int,
    reason: str,
    event_id: str | None = None,
    run_id: str | None = None,
    first_run_id: str | None = None,
) -> FailureOutcome:
    """Set ``videos.status`` to ``failed`` with ``reason`` for people; safe to repeat, however much happened since.

    The event does not count as processed: it can be replayed once its cause is mended.

    Args:
        engine: of the platform's database.
        video_id: the video.
        reason: what was wrong and what to do about it.
        event_id: the event that asked for the summary, None for a backfill.
        run_id: the run that failed. The same reason of another run is news; so is every call that names neither a run
            nor an event.
        first_run_id: the run that ``run_id`` retried automatically, if it did: a backfill is known by it.

    Raises:
        UnexpectedStatusError: the video's status is not one of the contract's.
        TransientDatabaseError: the database was in trouble.
        PermanentDatabaseError: the database refused.
    """
    message = storable_text(" ".join(reason.split()))[:MAX_REASON_CHARACTERS]
    message_id = event_id or (backfill_message_id(first_run_id or run_id) if run_id else None)
    with unit_of_work(engine, f"marking video {video_id} as failed") as work:
        session = work.session
        wait_for_lock(session.connection(), Lock.VIDEO, video_id)
        if message_id and _has_had_effect(session, message_id):
            return FailureOutcome.ALREADY_PROCESSED
        try:
            status, now = lock_video(session, video_id)
        except UnknownVideoError:
            return FailureOutcome.UNKNOWN_VIDEO
        if _is_logged(session, video_id, message, event_id, run_id):
            return FailureOutcome.ALREADY_FAILED
        fails = is_allowed(status, VideoStatus.FAILED)
        after = VideoStatus.FAILED if fails else status
        if fails:
            session.execute(
                update(Video)
                .where(Video.id == video_id)
                .values(status=VideoStatus.FAILED, status_message=message, updated_at=now)
            )
        session.add(
            VideoStatusLog(
                video_id=video_id,
                from_status=status,
                to_status=after,
                reason=message,
                event_id=event_id,
                run_id=run_id,
                created_at=now,
            )
        )
        work.commit()
        return FailureOutcome.FAILED if fails else FailureOutcome.KEPT


def _has_had_effect(session: Session, message_id: str) -> bool:
    statement = select(ProcessedMessage.id).where(ProcessedMessage.message_id == message_id)
    return session.execute(statement).first() is not None


def _is_logged(session: Session, video_id: int, reason: str, event_id: str | None, run_id: str | None) -> bool:
    """Tell whether the video's log has this failure: of the same run, where no run is known of the same event."""
    if not (run_id or event_id):
        return False
    same_cause = VideoStatusLog.run_id == run_id if run_id else VideoStatusLog.event_id == event_id
    logged = select(VideoStatusLog.id).where(
        VideoStatusLog.video_id == video_id, VideoStatusLog.reason == reason, same_cause
    )
    return session.execute(logged.limit(1)).first() is not None
