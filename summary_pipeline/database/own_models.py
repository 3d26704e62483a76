"""The tables that are ours alone, in the same schema. Alembic migrates them (``migrations``).

Belongs here: tables that nobody else reads or writes. Does not belong here: shared tables (``models``).
"""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Date, Double, Identity, Index, Integer, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class OwnBase(DeclarativeBase):
    """Base of our own tables."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: Integer(),
        str: Text(),
        UUID: Uuid(),
        datetime: TIMESTAMP(timezone=False),
        date: Date(),
        float: Double(),
    }


class VideoStatusLog(OwnBase):
    """What this pipeline did to a video's status, and why. A row with equal statuses says why nothing moved.

    ``event_id`` is None for a backfill.
    """

    __tablename__ = "video_status_log"
    __table_args__ = (Index("video_status_log_video", "video_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    video_id: Mapped[int]
    from_status: Mapped[str]
    to_status: Mapped[str]
    reason: Mapped[str]
    event_id: Mapped[str | None]
    run_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OutboxFailure(OwnBase):
    """What the relay remembers of an outbox row that it could not publish. Gone once the row is published.

    ``rejections`` counts the broker's refusals of this very message; an unreachable broker is not the message's fault.
    A parked row is not tried again until a person releases it.
    """

    __tablename__ = "outbox_failures"

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    rejections: Mapped[int] = mapped_column(server_default=text("0"))
    last_error: Mapped[str]
    next_attempt_at: Mapped[datetime]
    parked_at: Mapped[datetime | None]


class ModelSpending(OwnBase):
    """What all workers spend on language models on one day in UTC, in US dollars.

    ``reserved_usd`` is set aside for calls under way. What a worker that died had set aside stays there until the
    day ends: its calls may have been paid for.
    """

    __tablename__ = "model_spending"

    day: Mapped[date] = mapped_column(primary_key=True)
    spent_usd: Mapped[float] = mapped_column(server_default=text("0"))
    reserved_usd: Mapped[float] = mapped_column(server_default=text("0"))
