"""The shared tables, exactly as the contract has them, in the types that the neighbour's ORM creates.

Belongs here: tables that the neighbour owns. Does not belong here: our own tables (``own_models``).

``SharedBase.metadata`` is used to create what is missing where the neighbour does not run, and to check what is there;
nothing ever alters or drops a shared table. ``NOT NULL`` stands wherever the contract does not say ``NULL``.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, Boolean, Double, Index, Integer, Text, Uuid, false, func, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class SharedBase(DeclarativeBase):
    """Base of the shared tables."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: Integer(),
        str: Text(),
        float: Double(),
        bool: Boolean(),
        UUID: Uuid(),
        datetime: TIMESTAMP(timezone=False),
        # None is SQL's NULL, as the neighbour writes it, and not JSON's null.
        dict[str, Any]: JSON(none_as_null=True),
    }


class Video(SharedBase):
    """A video. This pipeline reads it and writes ``status``, ``status_message`` and ``updated_at``.

    ``processed_at`` is the neighbour's: for us a video is not processed until it is ``ready``.
    """

    __tablename__ = "videos"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    description: Mapped[str]
    user_id: Mapped[int]
    user_name: Mapped[str]
    key: Mapped[str]
    status: Mapped[str]
    status_message: Mapped[str | None]
    processed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class VideoTranscript(SharedBase):
    """The transcriber's record. Only read."""

    __tablename__ = "video_transcripts"

    id: Mapped[int] = mapped_column(primary_key=True)
    video_id: Mapped[int] = mapped_column(unique=True)
    transcript_text: Mapped[str | None]
    transcript_path: Mapped[str | None]
    status: Mapped[str]
    duration_seconds: Mapped[int | None]
    model_info: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class VideoSummary(SharedBase):
    """The current summary of a video."""

    __tablename__ = "video_summaries"

    id: Mapped[int] = mapped_column(primary_key=True)
    video_id: Mapped[int] = mapped_column(unique=True)
    summary_text: Mapped[str | None]
    summary_path: Mapped[str | None]
    model_info: Mapped[dict[str, Any] | None]
    quality_score: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OutboxEvent(SharedBase):
    """An event to be produced to Kafka, by the neighbour's scheduler or by our relay."""

    __tablename__ = "outbox_events"
    __table_args__ = (
        # Created with the table, where we create it, so that a poll or a sweep costs the same however long the history.
        Index("outbox_events_unpublished", "created_at", "id", postgresql_where=text("NOT published")),
        Index("outbox_events_created", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    topic: Mapped[str]
    payload: Mapped[dict[str, Any]]
    published: Mapped[bool] = mapped_column(server_default=false())
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    service: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    published_at: Mapped[datetime | None]


class ProcessedMessage(SharedBase):
    """A message that has had its effect: an event's id, or a ``backfill_message_id``."""

    __tablename__ = "processed_messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(unique=True)
    processed_at: Mapped[datetime] = mapped_column(server_default=func.now())


def backfill_message_id(run_id: str) -> str:
    """Return what stands in ``processed_messages`` for a summary that no event asked for.

    Args:
        run_id: of the run that was asked for; automatic retries of it stand for the same message.
    """
    return f"run:{run_id}"
