"""Questions that the sensor, the runs and the sweep ask. Nothing here writes.

Belongs here: reading. Does not belong here: what is done about the answers.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Engine, Text, cast, exists, func, select, tuple_
from sqlalchemy.orm import Session

from summary_pipeline.contract.events import InvalidEventError, VideoTranscribed, parse_video_transcribed
from summary_pipeline.contract.topics import VIDEO_TRANSCRIBED
from summary_pipeline.contract.video_status import VideoStatus
from summary_pipeline.database.errors import typed_errors
from summary_pipeline.database.models import OutboxEvent, ProcessedMessage, Video, VideoTranscript
from summary_pipeline.database.own_models import OutboxFailure
from summary_pipeline.database.video_row import utc_clock

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class StuckVideo:
    """A video that waits for its summary. ``since`` is UTC, without a zone."""

    video_id: int
    since: datetime


@dataclass(frozen=True, slots=True)
class OutboxBacklog:
    """What the outbox still holds. ``oldest_seconds`` is the age of the oldest unpublished row that is not parked."""

    unpublished: int
    parked: int
    oldest_seconds: float | None


def is_processed(engine: Engine, message_ids: Collection[str]) -> set[str]:
    """Return those ids of events (or ``run:`` and a run's id) that have had their effect.

    Raises:
        DatabaseError: the database could not answer.
    """
    with typed_errors("asking for processed events"), Session(engine) as session:
        return _processed(session, message_ids)


def transcript_path(engine: Engine, video_id: int) -> str | None:
    """Return the S3 key of the video's transcript as the transcriber recorded it, None where it did not.

    Raises:
        DatabaseError: the database could not answer.
    """
    statement = select(VideoTranscript.transcript_path).where(VideoTranscript.video_id == video_id)
    with typed_errors(f"looking for the transcript of video {video_id}"), Session(engine) as session:
        return session.scalars(statement).first() or None


def stuck_videos(engine: Engine, older_than_seconds: float, *, limit: int = 100) -> list[StuckVideo]:
    """Return videos that have been ``summarizing`` for longer than that, the longest first.

    Raises:
        DatabaseError: the database could not answer.
    """
    statement = (
        select(Video.id, Video.updated_at)
        .where(Video.status == VideoStatus.SUMMARIZING)
        .where(Video.updated_at < utc_clock() - timedelta(seconds=older_than_seconds))
        .order_by(Video.updated_at, Video.id)
        .limit(limit)
    )
    with typed_errors("looking for stuck videos"), Session(engine) as session:
        return [StuckVideo(video_id, since) for video_id, since in session.execute(statement)]


def lost_events(
    engine: Engine, older_than_seconds: float, *, newer_than_seconds: float = 14 * 86400, limit: int = 100
) -> list[VideoTranscribed]:
    """Return ``video.transcribed`` events that were published but had no effect, the oldest first.

    They were published between ``newer_than_seconds`` and ``older_than_seconds`` ago, are not processed, and their
    video still is ``summarizing``: the broker forgot them, or their run never started or died. Rows that are no valid
    events are left out: the sensor dead-letters them when it meets them.

    Raises:
        DatabaseError: the database could not answer.
    """
    found: list[VideoTranscribed] = []
    with typed_errors("looking for lost events"), Session(engine) as session:
        for page in _unanswered_pages(session, older_than_seconds, newer_than_seconds):
            found.extend(_waiting(session, page))
            if len(found) >= limit:
                break
    return found[:limit]


def outbox_backlog(engine: Engine) -> OutboxBacklog:
    """Return how much is unpublished, for metrics and the sweep.

    Raises:
        DatabaseError: the database could not answer.
    """
    is_parked = OutboxFailure.parked_at.is_not(None)
    oldest = func.min(OutboxEvent.created_at).filter(OutboxFailure.parked_at.is_(None))
    statement = (
        select(func.count(), func.count().filter(is_parked), func.extract("epoch", utc_clock() - oldest))
        .select_from(OutboxEvent)
        .outerjoin(OutboxFailure, OutboxFailure.event_id == OutboxEvent.id)
        .where(~OutboxEvent.published)
    )
    with typed_errors("counting the outbox"), Session(engine) as session:
        unpublished, parked, seconds = session.execute(statement).one()
        return OutboxBacklog(unpublished, parked, None if seconds is None else float(seconds))


def _processed(session: Session, message_ids: Collection[str]) -> set[str]:
    if not message_ids:
        return set()
    statement = select(ProcessedMessage.message_id).where(ProcessedMessage.message_id.in_(message_ids))
    return set(session.scalars(statement))


def _unanswered_pages(
    session: Session, older_than_seconds: float, newer_than_seconds: float
) -> Iterator[list[VideoTranscribed]]:
    """Payloads are read as text and parsed here: in PostgreSQL, one escaped NUL in one row would fail the query."""
    now = session.scalars(select(utc_clock())).one()
    published_at = func.coalesce(OutboxEvent.published_at, OutboxEvent.created_at)
    base = (
        select(OutboxEvent.created_at, OutboxEvent.id, cast(OutboxEvent.payload, Text))
        .where(OutboxEvent.topic == VIDEO_TRANSCRIBED, OutboxEvent.published)
        .where(published_at >= now - timedelta(seconds=newer_than_seconds))
        .where(published_at < now - timedelta(seconds=older_than_seconds))
        .where(~exists().where(ProcessedMessage.message_id == cast(OutboxEvent.id, Text)))
        .order_by(OutboxEvent.created_at, OutboxEvent.id)
        .limit(_PAGE)
    )
    after: tuple[datetime, UUID] | None = None
    while True:
        statement = base if after is None else base.where(tuple_(OutboxEvent.created_at, OutboxEvent.id) > after)
        events: list[VideoTranscribed] = []
        rows = 0
        for created_at, row_id, payload in session.execute(statement):
            rows += 1
            after = (created_at, row_id)
            with suppress(InvalidEventError):
                events.append(parse_video_transcribed(payload.encode()))
        yield events
        if rows < _PAGE:
            return


def _waiting(session: Session, events: list[VideoTranscribed]) -> list[VideoTranscribed]:
    """Keep what had no effect under the payload's id, which may differ from the row's, and whose video waits."""
    processed = _processed(session, {event.id for event in events})
    statement = select(Video.id).where(
        Video.id.in_({event.video_id for event in events}), Video.status == VideoStatus.SUMMARIZING
    )
    summarizing = set(session.scalars(statement))
    return [event for event in events if event.id not in processed and event.video_id in summarizing]
