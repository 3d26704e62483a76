"""Questions that the sensor, the runs and the sweep ask. Nothing here writes.

Belongs here: reading. Does not belong here: what is done about the answers, and what the outbox still holds
(``outbox_backlog``).
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Engine, SQLColumnExpression, Text, cast, exists, func, select, tuple_
from sqlalchemy.orm import Session

from summary_pipeline.contract.events import InvalidEventError, VideoTranscribed, parse_video_transcribed
from summary_pipeline.contract.topics import VIDEO_TRANSCRIBED
from summary_pipeline.contract.video_status import VideoStatus, is_allowed
from summary_pipeline.database.errors import typed_errors
from summary_pipeline.database.models import OutboxEvent, ProcessedMessage, Video, VideoSummary, VideoTranscript
from summary_pipeline.database.own_models import VideoStatusLog
from summary_pipeline.database.video_row import utc_clock

_PAGE: Final = 500
_MEMORY_SECONDS: Final = 14 * 86400.0
"""Events that are older than two weeks are not looked for any more."""
_MAY_BE_SUMMARIZED: Final = [status for status in VideoStatus if is_allowed(status, VideoStatus.INDEXING)]
_SUMMARIZED: Final = frozenset({VideoStatus.INDEXING, VideoStatus.READY})


@dataclass(frozen=True, slots=True)
class StuckVideo:
    """A video that waits for its summary. ``since`` is UTC, without a zone."""

    video_id: int
    since: datetime


@dataclass(frozen=True, slots=True)
class LostEvent:
    """A ``video.transcribed`` event without an outcome. ``payload`` is its JSON as it was sent, ``created_at`` UTC.

    ``row_id`` is the outbox row's, which need not be the event's.
    """

    event: VideoTranscribed
    payload: bytes
    created_at: datetime
    row_id: UUID


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


def stuck_videos(
    engine: Engine, older_than_seconds: float, *, after: StuckVideo | None = None, limit: int = 100
) -> list[StuckVideo]:
    """Return videos that have been ``summarizing`` for longer than that, the longest first, those behind ``after``.

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
    if after is not None:
        statement = statement.where(tuple_(Video.updated_at, Video.id) > (after.since, after.video_id))
    with typed_errors("looking for stuck videos"), Session(engine) as session:
        return [StuckVideo(video_id, since) for video_id, since in session.execute(statement)]


def lost_events(
    engine: Engine,
    older_than_seconds: float,
    *,
    newer_than_seconds: float = _MEMORY_SECONDS,
    after: LostEvent | None = None,
    limit: int = 100,
) -> list[LostEvent]:
    """Return ``video.transcribed`` events that were published and have no outcome, the oldest first, behind ``after``.

    They were published more than ``older_than_seconds`` ago, written less than ``newer_than_seconds`` ago, and have
    neither had their effect nor a row in the status log, such as a failure has: the broker forgot them, or their run
    never started or died. Their video has a status from which a summary can be saved. Left out are rows that are no
    valid events, which the sensor dead-letters when it meets them, and what the former service did: a summary that is
    newer than the event, of a video of which the log says nothing.

    Raises:
        DatabaseError: the database could not answer.
    """
    found: list[LostEvent] = []
    with typed_errors("looking for lost events"), Session(engine) as session:
        now = session.scalars(select(utc_clock())).one()
        youngest = now - timedelta(seconds=older_than_seconds)
        # A row is written before it is published. Only its creation is bounded on both sides, so that an index can be
        # used: what ``coalesce`` hides from one is looked at in the rows that are left.
        published = (
            OutboxEvent.published,
            OutboxEvent.created_at >= now - timedelta(seconds=newer_than_seconds),
            OutboxEvent.created_at < youngest,
            func.coalesce(OutboxEvent.published_at, OutboxEvent.created_at) < youngest,
        )
        for page in _unanswered_pages(session, *published, after=after):
            found.extend(_lost(session, page))
            if len(found) >= limit:
                break
    return found[:limit]


def awaits_event(
    engine: Engine, video_ids: Collection[int], *, newer_than_seconds: float = _MEMORY_SECONDS
) -> set[int]:
    """Return those of ``video_ids`` for which the outbox holds an event without an outcome yet, published or not.

    Published ones count if they were written less than ``newer_than_seconds`` ago: only those are looked for when they
    are lost.

    Raises:
        DatabaseError: the database could not answer.
    """
    if not video_ids:
        return set()
    wanted = set(video_ids)
    found: set[int] = set()
    with typed_errors("looking for the events of stuck videos"), Session(engine) as session:
        now = session.scalars(select(utc_clock())).one()
        recent = OutboxEvent.created_at >= now - timedelta(seconds=newer_than_seconds)
        # One after the other, since each has an index of its own, and both together have none.
        for condition in (~OutboxEvent.published, recent):
            for page in _unanswered_pages(session, condition):
                of_wanted = [item for item in page if item.event.video_id in wanted]
                found |= {item.event.video_id for item in _without_outcome(session, of_wanted)}
    return found


def _processed(session: Session, message_ids: Collection[str]) -> set[str]:
    if not message_ids:
        return set()
    statement = select(ProcessedMessage.message_id).where(ProcessedMessage.message_id.in_(message_ids))
    return set(session.scalars(statement))


def _unanswered_pages(
    session: Session, *conditions: SQLColumnExpression[bool], after: LostEvent | None = None
) -> Iterator[list[LostEvent]]:
    """Yield valid events without an effect, the oldest first, behind ``after``.

    Payloads are read as text and parsed here: in PostgreSQL, one escaped NUL in one row would fail the query.
    """
    base = (
        select(OutboxEvent.created_at, OutboxEvent.id, cast(OutboxEvent.payload, Text))
        .where(OutboxEvent.topic == VIDEO_TRANSCRIBED, *conditions)
        .where(~exists().where(ProcessedMessage.message_id == cast(OutboxEvent.id, Text)))
        .order_by(OutboxEvent.created_at, OutboxEvent.id)
        .limit(_PAGE)
    )
    place = None if after is None else (after.created_at, after.row_id)
    while True:
        statement = base if place is None else base.where(tuple_(OutboxEvent.created_at, OutboxEvent.id) > place)
        events: list[LostEvent] = []
        rows = 0
        for created_at, row_id, text in session.execute(statement):
            rows += 1
            place = (created_at, row_id)
            payload = text.encode()
            with suppress(InvalidEventError):
                events.append(LostEvent(parse_video_transcribed(payload), payload, created_at, row_id))
        yield events
        if rows < _PAGE:
            return


def _lost(session: Session, found: list[LostEvent]) -> list[LostEvent]:
    """Keep what has no outcome and could still have one. The cost is that of a page, by the videos' ids."""
    unanswered = _without_outcome(session, found)
    logged = exists().where(VideoStatusLog.video_id == Video.id)
    statement = (
        select(Video.id, Video.status, VideoSummary.updated_at)
        .outerjoin(VideoSummary, (VideoSummary.video_id == Video.id) & ~logged)
        .where(Video.id.in_({item.event.video_id for item in unanswered}), Video.status.in_(_MAY_BE_SUMMARIZED))
    )
    summarized_before_us = {
        video_id: updated_at if status in _SUMMARIZED else None
        for video_id, status, updated_at in session.execute(statement)
    }

    def may_be_lost(item: LostEvent) -> bool:
        if item.event.video_id not in summarized_before_us:
            return False
        summarized = summarized_before_us[item.event.video_id]
        return summarized is None or summarized < item.created_at

    return [item for item in unanswered if may_be_lost(item)]


def _without_outcome(session: Session, found: list[LostEvent]) -> list[LostEvent]:
    """Keep what neither had its effect under the payload's id, which may differ from the row's, nor is in the log."""
    processed = _processed(session, {item.event.id for item in found})
    rest = [item for item in found if item.event.id not in processed]
    if not rest:
        return []
    # By the video, which is what the log's index begins with.
    statement = select(VideoStatusLog.event_id).where(
        VideoStatusLog.video_id.in_({item.event.video_id for item in rest}),
        VideoStatusLog.event_id.in_({item.event.id for item in rest}),
    )
    logged = set(session.scalars(statement))
    return [item for item in rest if item.event.id not in logged]
