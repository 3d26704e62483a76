"""What the demo writes to and reads from the platform's database.

Belongs here: playing the platform's part (videos, transcripts, the transcriber's events), and reading what came of it.
Does not belong here: files (``demo_transcripts``), waiting (``demo``).

Repeating the demo on kept data announces nothing again: an event's id follows from video and content. Only where the
last such event failed, or its summary was replaced by one of other content, there is a new one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from uuid import UUID

from sqlalchemy import Engine, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from summary_pipeline.contract.topics import VIDEO_SUMMARIZED, VIDEO_TRANSCRIBED
from summary_pipeline.contract.video_status import VideoStatus
from summary_pipeline.database.models import OutboxEvent, ProcessedMessage, Video, VideoSummary, VideoTranscript
from summary_pipeline.database.source_event import stored_source_event
from summary_pipeline.database.unit_of_work import unit_of_work
from summary_pipeline.database.video_row import utc_clock
from summary_pipeline.local.demo_transcripts import DemoTranscript
from summary_pipeline.local.errors import StackError
from summary_pipeline.summarization.summary import Provenance

TRANSCRIBER = "transcriber"
DEMO_USER = "summary-pipeline demo"


@dataclass(frozen=True, slots=True)
class DemoEvent:
    """A video's event. ``is_due`` where its summary is still to come, not where an earlier demo had it made."""

    event_id: UUID
    is_due: bool


@dataclass(frozen=True, slots=True)
class DemoVideo:
    """How far a video has come."""

    video_id: int
    title: str
    status: str
    status_message: str | None
    published: bool
    """Kafka has taken the event."""
    processed: bool
    """The summary is saved."""
    announced: bool
    """It is saved, and Kafka has taken every event that says so."""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """A summary with what it took. ``seconds`` are from the event to the saved summary, waiting included."""

    video_id: int
    title: str
    provenance: Provenance
    seconds: float
    quality_score: float | None
    summary: str


def enter(engine: Engine, schema: str, transcripts: Sequence[DemoTranscript]) -> dict[int, DemoEvent]:
    """Write videos, transcripts and those events that are due, in one transaction; return each video's event.

    Raises:
        StackError: a video exists that is not the demo's.
        DatabaseError: the database could not do it.
    """
    with unit_of_work(engine, "entering the demo's videos") as work:
        events = {transcript.video_id: _enter_one(work.session, transcript) for transcript in transcripts}
        _move_sequence_past_ids(work.session, schema)
        work.commit()
    return events


def progress(engine: Engine, events: Mapping[int, DemoEvent]) -> list[DemoVideo]:
    """Return how far each video has come.

    Raises:
        DatabaseError: the database could not answer.
    """
    event_ids = [event.event_id for event in events.values()]
    with unit_of_work(engine, "following the demo's videos") as work:
        session = work.session
        processed = {event_id for event_id in event_ids if _has_had_effect(session, event_id)}
        published = set(
            session.scalars(select(OutboxEvent.id).where(OutboxEvent.id.in_(event_ids), OutboxEvent.published))
        )
        unannounced = _videos_with_unpublished_summaries(session)
        videos = session.scalars(select(Video).where(Video.id.in_(events)).order_by(Video.id)).all()
        return [
            DemoVideo(
                video_id=video.id,
                title=video.title,
                status=video.status,
                status_message=video.status_message,
                published=events[video.id].event_id in published,
                processed=events[video.id].event_id in processed,
                announced=events[video.id].event_id in processed and video.id not in unannounced,
            )
            for video in videos
        ]


def results(engine: Engine, events: Mapping[int, DemoEvent]) -> list[DemoResult]:
    """Return the summaries that there are of these videos.

    Raises:
        DatabaseError: the database could not answer.
    """
    event_ids = [event.event_id for event in events.values()]
    summaries = (
        select(Video.title, VideoSummary)
        .join(VideoSummary, VideoSummary.video_id == Video.id)
        .where(Video.id.in_(events))
        .order_by(Video.id)
    )
    with unit_of_work(engine, "reading the demo's summaries") as work:
        rows = work.session.scalars(select(OutboxEvent).where(OutboxEvent.id.in_(event_ids)))
        announced_at = {row.id: row.created_at for row in rows}
        return [
            DemoResult(
                video_id=summary.video_id,
                title=title,
                provenance=Provenance.model_validate((summary.model_info or {})["provenance"]),
                seconds=(summary.updated_at - announced_at[events[summary.video_id].event_id]).total_seconds(),
                quality_score=summary.quality_score,
                summary=summary.summary_text or "",
            )
            for title, summary in work.session.execute(summaries)
        ]


def _enter_one(session: Session, transcript: DemoTranscript) -> DemoEvent:
    video = session.get(Video, transcript.video_id, with_for_update=True)
    if video is not None and video.user_name != DEMO_USER:
        raise StackError(
            f"video {video.id} ({video.title!r}) exists in this database and is not the demo's: {transcript.file_name} "
            "would replace its summary. Give the file another number, or use another database."
        )
    earlier = _earlier_events(session, transcript)
    if video is not None and earlier:
        last = earlier[-1]
        if _is_result(session, video.id, last.id):
            return DemoEvent(last.id, is_due=False)
        if video.status == VideoStatus.SUMMARIZING and not _has_had_effect(session, last.id):
            # A broker that forgets may have lost it meanwhile. One that does not delivers a repeat, without effect.
            last.published, last.published_at = False, None
            return DemoEvent(last.id, is_due=True)
    event_id = transcript.event_id(attempt=len(earlier))
    _write(session, transcript, event_id)
    return DemoEvent(event_id, is_due=True)


def _earlier_events(session: Session, transcript: DemoTranscript) -> list[OutboxEvent]:
    events: list[OutboxEvent] = []
    while (event := session.get(OutboxEvent, transcript.event_id(attempt=len(events)))) is not None:
        events.append(event)
    return events


def _has_had_effect(session: Session, event_id: UUID) -> bool:
    statement = select(ProcessedMessage.id).where(ProcessedMessage.message_id == str(event_id))
    return session.scalars(statement).first() is not None


def _is_result(session: Session, video_id: int, event_id: UUID) -> bool:
    """Whether the video's summary came from this event."""
    model_info = session.scalars(select(VideoSummary.model_info).where(VideoSummary.video_id == video_id)).first()
    source = stored_source_event(model_info)
    return source is not None and source.id == str(event_id)


def _write(session: Session, transcript: DemoTranscript, event_id: UUID) -> None:
    now = session.scalars(select(utc_clock())).one()
    video = {
        "title": transcript.title,
        "description": transcript.description,
        "status": VideoStatus.SUMMARIZING,
        "status_message": None,
        "updated_at": now,
    }
    new = {"id": transcript.video_id, "user_id": 0, "user_name": DEMO_USER, "key": f"demo/{transcript.video_id}"}
    statement = insert(Video).values(**new, **video, created_at=now)
    session.execute(statement.on_conflict_do_update(index_elements=[Video.id], set_=video))
    record = {"transcript_path": transcript.object_key, "status": "completed", "updated_at": now}
    statement = insert(VideoTranscript).values(video_id=transcript.video_id, **record, created_at=now)
    session.execute(statement.on_conflict_do_update(index_elements=[VideoTranscript.video_id], set_=record))
    payload = {
        "id": str(event_id),
        "videoId": transcript.video_id,
        "transcriptFileKey": transcript.object_key,
        "snippetCount": transcript.snippet_count,
        "ts": now.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z"),
    }
    event = {"id": event_id, "topic": VIDEO_TRANSCRIBED, "payload": payload, "service": TRANSCRIBER, "created_at": now}
    session.execute(insert(OutboxEvent).values(**event, published=False, attempts=0))


def _videos_with_unpublished_summaries(session: Session) -> set[int]:
    statement = select(OutboxEvent.payload).where(OutboxEvent.topic == VIDEO_SUMMARIZED, ~OutboxEvent.published)
    return {payload["videoId"] for payload in session.scalars(statement)}


def _move_sequence_past_ids(session: Session, schema: str) -> None:
    """Rows that bring their ids do not move the sequence; without this, the platform's next video would collide."""
    quoted = schema.replace('"', '""')
    sequence = session.scalars(select(func.pg_get_serial_sequence(f'"{quoted}".videos', "id"))).one()
    if sequence is not None:
        highest = select(func.max(Video.id)).scalar_subquery()
        session.execute(select(func.setval(sequence, func.greatest(func.nextval(sequence), highest))))
