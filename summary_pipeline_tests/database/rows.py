"""Rows for tests to begin with, and the whole state to compare."""

from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import DeclarativeBase, Session

from summary_pipeline.database.models import OutboxEvent, ProcessedMessage, Video, VideoSummary
from summary_pipeline.database.own_models import OutboxFailure, SummaryVersion, VideoStatusLog
from summary_pipeline.database.persistence import PersistOutcome, PersistRequest, persist_summary
from summary_pipeline.database.source_event import SourceEvent
from summary_pipeline.database.versions import SummaryFiles

RowT = TypeVar("RowT", bound=DeclarativeBase)

EVENT_ID = "0b6cbf1e-6a52-4c5e-9a3e-0d5f5f0c7a11"
OTHER_EVENT_ID = "9d1c7f3a-2f7b-4a43-8c6d-7a2f4f1b2c33"
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
FORMERLY = datetime(2023, 6, 1, 8, tzinfo=UTC).replace(tzinfo=None)
"""When a summary was written that this pipeline found. The column has no zone."""

TABLES: tuple[type[DeclarativeBase], ...] = (
    Video,
    VideoSummary,
    OutboxEvent,
    ProcessedMessage,
    VideoStatusLog,
    SummaryVersion,
    OutboxFailure,
)


def add_video(engine: Engine, video_id: int = 7, status: str = "summarizing", **columns: object) -> None:
    values: dict[str, Any] = {
        "id": video_id,
        "title": "A talk",
        "description": "",
        "user_id": 1,
        "user_name": "someone",
        "key": f"uploads/{video_id}.mp4",
        "status": status,
        **columns,
    }
    with engine.begin() as connection:
        connection.execute(insert(Video).values(values))


def request(video_id: int = 7, event: SourceEvent | None = None, **changes: object) -> PersistRequest:
    values: dict[str, Any] = {
        "video_id": video_id,
        "run_id": "run-1",
        "summary_text": "What was said.",
        "summary_path": f"summaries/{video_id}/summary.json",
        "source_event": event or SourceEvent(id=EVENT_ID, ts=NOON),
        **changes,
    }
    return PersistRequest(**values)


class NoFiles:
    """A bucket that takes anything and has nothing. It remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def keep_found(self, version: str) -> bool:
        self.asked.append(("keep", version))
        return False

    def write(self, version: str) -> None:
        self.asked.append(("write", version))


def state(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table."""
    with engine.connect() as connection:
        return {
            table.__tablename__: sorted((tuple(row) for row in connection.execute(select(table.__table__))), key=str)
            for table in TABLES
        }


def all_of(engine: Engine, table: type[RowT]) -> list[RowT]:
    with Session(engine) as session:
        return list(session.scalars(select(table)))


def persist(engine: Engine, to_keep: PersistRequest, files: SummaryFiles | None = None) -> PersistOutcome:
    """Persist, without files where a test is not about them."""
    return persist_summary(engine, to_keep, files or NoFiles())


def add_found_summary(engine: Engine, video_id: int = 7, **columns: object) -> None:
    """Store a summary as the service did that this pipeline replaces."""
    values: dict[str, Any] = {
        "video_id": video_id,
        "summary_text": "Found.",
        "summary_path": f"summaries/{video_id}/summary.json",
        "model_info": {"model": "gpt-3.5-turbo", "chunks": 3},
        "quality_score": 0.5,
        "updated_at": FORMERLY,
        **columns,
    }
    with engine.begin() as connection:
        connection.execute(insert(VideoSummary).values(values))
