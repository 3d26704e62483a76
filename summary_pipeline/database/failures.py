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
from summary_pipeline.database.models import ProcessedMessage, Video
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
    """The same failure was written before. Nothing was written."""
    UNKNOWN_VIDEO = "unknown_video"
    """There is no such video to be failed. Nothing was written."""


def mark_failed(
    engine: Engine, video_id: int, reason: str, event_id: str | None = None, run_id: str | None = None
) -> FailureOutcome:
    """Set ``videos.status`` to ``failed`` with ``reason`` for people; safe to repeat.

    The event does not count as processed: it can be replayed once its cause is mended.

    Raises:
        UnexpectedStatusError: the video's status is not one of the contract's.
        TransientDatabaseError: the database was in trouble.
        PermanentDatabaseError: the database refused.
    """
    message = storable_text(" ".join(reason.split()))[:MAX_REASON_CHARACTERS]
    message_id = event_id or (f"run:{run_id}" if run_id else None)
    with unit_of_work(engine, f"marking video {video_id} as failed") as work:
        session = work.session
        wait_for_lock(session.connection(), Lock.VIDEO, video_id)
        if message_id and _has_had_effect(session, message_id):
            return FailureOutcome.ALREADY_PROCESSED
        try:
            status, now = lock_video(session, video_id)
        except UnknownVideoError:
            return FailureOutcome.UNKNOWN_VIDEO
        fails = is_allowed(status, VideoStatus.FAILED)
        after = VideoStatus.FAILED if fails else status
        row = VideoStatusLog(
            video_id=video_id,
            from_status=status,
            to_status=after,
            reason=message,
            event_id=event_id,
            run_id=run_id,
            created_at=now,
        )
        if after is status and _is_logged(session, row):
            return FailureOutcome.ALREADY_FAILED
        if fails:
            session.execute(
                update(Video)
                .where(Video.id == video_id)
                .values(status=VideoStatus.FAILED, status_message=message, updated_at=now)
            )
        session.add(row)
        work.commit()
        return FailureOutcome.FAILED if fails else FailureOutcome.KEPT


def _has_had_effect(session: Session, message_id: str) -> bool:
    statement = select(ProcessedMessage.id).where(ProcessedMessage.message_id == message_id)
    return session.execute(statement).first() is not None


def _is_logged(session: Session, row: VideoStatusLog) -> bool:
    """Tell whether the video's newest row says the same; the same failure after something else is news."""
    newest = select(VideoStatusLog).where(VideoStatusLog.video_id == row.video_id).order_by(VideoStatusLog.id.desc())
    last = session.scalars(newest.limit(1)).first()
    return last is not None and _content(last) == _content(row)


def _content(row: VideoStatusLog) -> tuple[str, str, str | None, str | None]:
    return row.to_status, row.reason, row.event_id, row.run_id
