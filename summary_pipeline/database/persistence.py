"""The final transaction: a summary, the video's status, the log, the outgoing event and the repeat's guard, or nothing.

Belongs here: that one transaction. Does not belong here: how files are written, what is kept of earlier summaries
(``versions``), and failures (``failures``).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.orm import Session

from summary_pipeline.contract.events import VideoSummarized, outgoing_event_id
from summary_pipeline.contract.topics import VIDEO_SUMMARIZED
from summary_pipeline.contract.video_id import check_video_id
from summary_pipeline.contract.video_status import VideoStatus, is_allowed
from summary_pipeline.database.errors import VideoNotReadyError
from summary_pipeline.database.locks import Lock, wait_for_lock
from summary_pipeline.database.models import OutboxEvent, ProcessedMessage, Video, VideoSummary, backfill_message_id
from summary_pipeline.database.own_models import VideoStatusLog
from summary_pipeline.database.source_event import MODEL_INFO_FIELD, SourceEvent, stored_source_event
from summary_pipeline.database.storable import storable_json, storable_text
from summary_pipeline.database.unit_of_work import unit_of_work
from summary_pipeline.database.versions import EVENT_FIELD, NewVersion, SummaryFiles, add_version, keep_found
from summary_pipeline.database.video_row import lock_video

SERVICE = "python-backend"
"""What marks our rows in the shared outbox."""
SUPERSEDED_REASON: Final = "superseded:"
"""How the log's reason begins where a newer event's summary was there: nothing moved, and nothing was wrong."""


@dataclass(frozen=True, slots=True)
class PersistRequest:
    """A finished summary. ``source_event`` is None for a backfill, which then is known by its run.

    ``first_run_id`` is the run that ``run_id`` retries automatically, None where it does not.

    ``model_info`` is whatever JSON says how the summary was made; ``source_event``, ``run_id`` and
    ``summarized_event_id`` in it are ours. ``model`` is the one that answered, ``prompt_version`` that of all prompts
    together. NUL and lone surrogates, which PostgreSQL refuses, are replaced in all texts.

    Raises:
        ValueError: the summary is blank, the video id impossible, or the score outside of 0 to 1.
    """

    video_id: int
    run_id: str
    summary_text: str
    summary_path: str
    source_event: SourceEvent | None = None
    first_run_id: str | None = None
    quality_score: float | None = None
    model: str | None = None
    prompt_version: str | None = None
    model_info: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_video_id(self.video_id)
        if not self.summary_text.strip():
            raise ValueError(f"the summary of video {self.video_id} is blank")
        if self.quality_score is not None and not 0 <= self.quality_score <= 1:
            raise ValueError(f"the quality score of video {self.video_id} is {self.quality_score}, not within 0 to 1")
        if not self.run_id:
            raise ValueError("run_id is empty")

    @property
    def message_id(self) -> str:
        """What ``processed_messages`` remembers: the event, or the run where there is none.

        A retry inside one run, or Dagster's automatic retry of a run, repeats a backfill and changes nothing; any other
        run summarizes again.
        """
        if self.source_event:
            return self.source_event.id
        return backfill_message_id(self.first_run_id or self.run_id)


class PersistResult(StrEnum):
    """What became of a request."""

    SAVED = "saved"
    ALREADY_PROCESSED = "already_processed"
    """The event, or the backfill of this run or of the one it retries, has had its effect. Nothing was written."""
    SUPERSEDED = "superseded"
    """The stored summary came from a newer event and stays. The event counts as processed; the log says why."""


@dataclass(frozen=True, slots=True)
class PersistOutcome:
    """What became of a request; ids and statuses are None where nothing was written."""

    result: PersistResult
    outgoing_event_id: str | None = None
    from_status: VideoStatus | None = None
    to_status: VideoStatus | None = None


def persist_summary(engine: Engine, request: PersistRequest, files: SummaryFiles) -> PersistOutcome:
    """Write all of a summary's effect in one transaction, once per event.

    ``files`` are written once it is sure that this summary is the one to be kept, before anything is committed: a
    committed row never points at nothing, and an older summary never replaces the files of a newer one.

    Safe to repeat after any error, also after one that leaves open whether PostgreSQL committed.

    Raises:
        UnknownVideoError: there is no such video.
        UnexpectedStatusError: its status is not one of the contract's.
        VideoNotReadyError: it has not reached ``summarizing``.
        TransientDatabaseError: the database was in trouble.
        PermanentDatabaseError: the database refused.
    """
    with unit_of_work(engine, f"saving the summary of video {request.video_id}") as work:
        session = work.session
        wait_for_lock(session.connection(), Lock.VIDEO, request.video_id)
        if not _remember_message(session, request.message_id):
            return PersistOutcome(PersistResult.ALREADY_PROCESSED)
        status, now = lock_video(session, request.video_id)
        stored = _stored_summary(session, request.video_id)
        earlier = stored_source_event(stored.model_info) if stored else None
        if request.source_event and earlier and request.source_event.is_older_than(earlier):
            _log(
                session,
                request,
                status,
                status,
                f"{SUPERSEDED_REASON} the summary is from the newer event {earlier.id}",
                now,
            )
            outcome = PersistOutcome(PersistResult.SUPERSEDED, None, status, status)
        else:
            if not is_allowed(status, VideoStatus.INDEXING):
                raise VideoNotReadyError(request.video_id, status)
            event = _outgoing_event(request, now)
            keep_found(session, stored, files)
            files.write(event.id)
            _save(session, request, event, request.source_event or earlier, now)
            reason = "summarized" if request.source_event else "summarized again (backfill)"
            _log(session, request, status, VideoStatus.INDEXING, reason, now)
            outcome = PersistOutcome(PersistResult.SAVED, event.id, status, VideoStatus.INDEXING)
        work.commit()
        return outcome


def _outgoing_event(request: PersistRequest, now: datetime) -> VideoSummarized:
    text = storable_text(request.summary_text)
    return VideoSummarized(
        id=outgoing_event_id(request.message_id, _result_hash(request.video_id, request.summary_path, text)),
        video_id=request.video_id,
        summary_file_key=request.summary_path,
        summary_text=text,
        ts=now.replace(tzinfo=UTC),
    )


def _save(
    session: Session, request: PersistRequest, event: VideoSummarized, source: SourceEvent | None, now: datetime
) -> None:
    """``source`` is kept through a backfill, so that an old event can't pass for new after one."""
    provenance = {
        MODEL_INFO_FIELD: source.model_dump(mode="json") if source else None,
        "run_id": request.run_id,
        EVENT_FIELD: event.id,
    }
    info = {storable_text(name): storable_json(value) for name, value in {**request.model_info, **provenance}.items()}
    _upsert_summary(session, request, event, info, now)
    version = NewVersion(
        video_id=request.video_id,
        event_id=event.id,
        source_event=request.source_event,
        run_id=request.run_id,
        summary_text=event.summary_text,
        quality_score=request.quality_score,
        model=request.model,
        prompt_version=request.prompt_version,
        model_info=info,
    )
    add_version(session, version, now)
    session.execute(
        update(Video)
        .where(Video.id == request.video_id)
        .values(status=VideoStatus.INDEXING, status_message=None, updated_at=now)
    )
    _add_to_outbox(session, event, now)


def _remember_message(session: Session, message_id: str) -> bool:
    """Tell whether the message is new. Another transaction's uncommitted row is waited for."""
    statement = postgresql_insert(ProcessedMessage).values(message_id=message_id)
    statement = statement.on_conflict_do_nothing(index_elements=[ProcessedMessage.message_id])
    return session.execute(statement.returning(ProcessedMessage.id)).first() is not None


def _stored_summary(session: Session, video_id: int) -> VideoSummary | None:
    statement = select(VideoSummary).where(VideoSummary.video_id == video_id).with_for_update()
    return session.scalars(statement).first()


def _upsert_summary(
    session: Session, request: PersistRequest, event: VideoSummarized, model_info: dict[str, Any], now: datetime
) -> None:
    values = {
        "summary_text": event.summary_text,
        "summary_path": request.summary_path,
        "model_info": model_info,
        "quality_score": request.quality_score,
        "updated_at": now,
    }
    statement = postgresql_insert(VideoSummary).values(video_id=request.video_id, created_at=now, **values)
    session.execute(statement.on_conflict_do_update(index_elements=[VideoSummary.video_id], set_=values))


def _log(
    session: Session,
    request: PersistRequest,
    before: VideoStatus,
    after: VideoStatus,
    reason: str,
    now: datetime,
) -> None:
    session.execute(
        insert(VideoStatusLog).values(
            video_id=request.video_id,
            from_status=before,
            to_status=after,
            reason=reason,
            event_id=request.source_event.id if request.source_event else None,
            run_id=request.run_id,
            created_at=now,
        )
    )


def _add_to_outbox(session: Session, event: VideoSummarized, now: datetime) -> None:
    """The id is deterministic, so that even where ``processed_messages`` was pruned, a repeat adds no second event."""
    statement = postgresql_insert(OutboxEvent).values(
        id=UUID(event.id),
        topic=VIDEO_SUMMARIZED,
        payload=event.payload(),
        published=False,
        attempts=0,
        service=SERVICE,
        created_at=now,
    )
    session.execute(statement.on_conflict_do_nothing(index_elements=[OutboxEvent.id]))


def _result_hash(video_id: int, summary_path: str, summary_text: str) -> str:
    return hashlib.sha256(json.dumps([video_id, summary_path, summary_text]).encode()).hexdigest()
