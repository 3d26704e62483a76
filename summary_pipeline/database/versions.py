"""Rows of ``summary_versions``: every summary that a video has or had.

Belongs here: what a version's row says, and noticing a summary that has none yet. Does not belong here: the transaction
around it (``persistence``), and files.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import Engine, case, exists, insert, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.orm import Session

from summary_pipeline.contract.object_keys import summary_version_json_key
from summary_pipeline.database.errors import typed_errors
from summary_pipeline.database.models import VideoSummary
from summary_pipeline.database.own_models import SummaryVersion
from summary_pipeline.database.source_event import SourceEvent, stored_source_event
from summary_pipeline.database.storable import storable_text

EVENT_FIELD: Final = "summarized_event_id"
"""The field of ``video_summaries.model_info`` that names the version which is the current summary."""
COUNTED_FIELD: Final = "counted_runs"
"""The field of a version's ``model_info`` that lists the runs whose calls its usage counts."""
OWN_INFO: Final = case((SummaryVersion.summarized_event_id.is_not(None), SummaryVersion.model_info))
"""A version's ``model_info``, to be taken apart in SQL; NULL for a found one: another program's JSON may hold what
PostgreSQL can't take apart."""


class SummaryFiles(Protocol):
    """The files of a summary that is about to be saved. A version's name is part of their keys."""

    def keep_found(self, version: str) -> bool:
        """Copy the current files, whose summary this pipeline's versions don't know; tell whether there are any.

        Called before ``write``. An attempt that failed afterwards may have replaced the current files: a copy is not
        to be made of what ``write`` wrote, and a copy that is there counts.
        """
        ...

    def write(self, version: str) -> None:
        """Write the version's files, then the current ones."""
        ...


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What the row of a version says of a summary that is being saved."""

    video_id: int
    event_id: str
    source_event: SourceEvent | None
    run_id: str
    summary_text: str
    quality_score: float | None
    model: str | None
    prompt_version: str | None
    model_info: Mapping[str, Any]


def add_version(session: Session, version: NewVersion, now: datetime) -> None:
    """Add a row. One that is there stays: the id stands for cause and text, so that it says the same."""
    source = version.source_event
    statement = postgresql_insert(SummaryVersion).values(
        video_id=version.video_id,
        summarized_event_id=UUID(version.event_id),
        source_event_id=source.id if source else None,
        source_event_ts=_naive_utc(source),
        run_id=version.run_id,
        summary_text=version.summary_text,
        summary_path=summary_version_json_key(version.video_id, version.event_id),
        quality_score=version.quality_score,
        model=version.model,
        prompt_version=version.prompt_version,
        model_info=version.model_info,
        created_at=now,
    )
    session.execute(statement.on_conflict_do_nothing(index_elements=[SummaryVersion.summarized_event_id]))


def keep_found(session: Session, stored: VideoSummary | None, files: SummaryFiles) -> None:
    """Make a version of the stored summary if it is none: another service wrote it, or a person changed its text.

    ``stored`` has to be locked, and about to be replaced.
    """
    if stored is None or (stored.summary_text is None and stored.summary_path is None) or _is_known(session, stored):
        return
    name = found_version_name(stored.summary_text, stored.summary_path)
    has_files = files.keep_found(name)
    source = stored_source_event(stored.model_info)
    # Copied by PostgreSQL, as it stands there: another program's JSON may hold what Python's can't write again.
    info = select(VideoSummary.model_info).where(VideoSummary.video_id == stored.video_id).scalar_subquery()
    session.execute(
        insert(SummaryVersion).values(
            video_id=stored.video_id,
            summarized_event_id=None,
            source_event_id=source.id if source else None,
            source_event_ts=_naive_utc(source),
            run_id=_text(stored.model_info, "run_id"),
            summary_text=stored.summary_text,
            summary_path=summary_version_json_key(stored.video_id, name) if has_files else None,
            quality_score=stored.quality_score,
            model=_text(stored.model_info, "model"),
            prompt_version=None,
            model_info=info,
            created_at=stored.updated_at,
        )
    )


def is_counted(engine: Engine, video_id: int, run_id: str) -> bool:
    """Tell whether a version of the video's summary has counted what that run paid for it.

    One that was saved before versions said so has counted its own run.

    Raises:
        DatabaseError: the database could not answer.
    """
    statement = select(SummaryVersion.run_id, OWN_INFO[COUNTED_FIELD])
    with typed_errors("asking what earlier summaries cost"), Session(engine) as session:
        found = session.execute(statement.where(SummaryVersion.video_id == video_id)).all()
    return any(run_id in ([own] if counted is None else counted) for own, counted in found)


def found_version_name(summary_text: str | None, summary_path: str | None) -> str:
    """Return the name of a version that no event of ours announced: the same summary always has the same."""
    return f"found-{hashlib.sha256(json.dumps([summary_text, summary_path]).encode()).hexdigest()[:16]}"


def _is_known(session: Session, stored: VideoSummary) -> bool:
    try:
        event_id = UUID(_text(stored.model_info, EVENT_FIELD))
    except (TypeError, ValueError):
        return False
    statement = select(
        exists()
        .where(SummaryVersion.summarized_event_id == event_id)
        .where(SummaryVersion.video_id == stored.video_id)
        .where(SummaryVersion.summary_text == stored.summary_text)
    )
    return session.scalars(statement).one()


def _text(info: object, name: str) -> str | None:
    value = info.get(name) if isinstance(info, Mapping) else None
    return storable_text(value) if isinstance(value, str) else None


def _naive_utc(source: SourceEvent | None) -> datetime | None:
    return source.ts.astimezone(UTC).replace(tzinfo=None) if source and source.ts else None
