"""The tables that are ours alone, in the same schema. Alembic migrates them (``migrations``).

Belongs here: tables that nobody else reads or writes. Does not belong here: shared tables (``models``).
"""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Date, Double, Identity, Index, Integer, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import BYTEA, TIMESTAMP
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
        bytes: BYTEA(),
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
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


class JudgeSpending(OwnBase):
    """What judging summaries costs on one day in UTC, in US dollars, kept apart so that it never stops a summary."""

    __tablename__ = "judge_spending"

    day: Mapped[date] = mapped_column(primary_key=True)
    spent_usd: Mapped[float] = mapped_column(server_default=text("0"))
    reserved_usd: Mapped[float] = mapped_column(server_default=text("0"))


class DeadLetter(OwnBase):
    """A message that is no valid event (it has a place in Kafka), or an event that the sweep gave up (it has none).

    Key and value are the bytes as they came; headers are pairs of a name and base64 or None. ``stage``, ``error_class``
    and ``reason`` are what the dead-letter topic's headers say. A replay produces key and value to ``topic`` again.
    ``value_sha256`` is the hex digest of key and value: in a topic that was made anew, another message may have the
    same place.
    """

    __tablename__ = "dead_letters"
    __table_args__ = (
        Index("dead_letters_place", "cluster_id", "topic", "partition", "offset", "value_sha256", unique=True),
        Index("dead_letters_given_up", "event_id", unique=True, postgresql_where=text('"offset" IS NULL')),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    cluster_id: Mapped[str | None]
    topic: Mapped[str]
    partition: Mapped[int | None]
    offset: Mapped[int | None] = mapped_column(BigInteger)
    event_id: Mapped[str | None]
    video_id: Mapped[int | None]
    message_key: Mapped[bytes | None]
    message_value: Mapped[bytes | None]
    value_sha256: Mapped[str]
    message_headers: Mapped[list[Any]]
    stage: Mapped[str]
    error_class: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    replays: Mapped[int] = mapped_column(server_default=text("0"))
    replayed_at: Mapped[datetime | None]


class SummaryVersion(OwnBase):
    """A summary that a video has or had, the newest being the current one. Reports and comparisons read this table.

    ``summarized_event_id`` is the id of the outgoing event; None marks a summary found in ``video_summaries`` that was
    written before this table existed. ``source_event_id`` is None for a backfill. ``prompt_version`` names all prompts
    together, whichever of them a video needed. Times are UTC.
    """

    __tablename__ = "summary_versions"
    __table_args__ = (
        Index("summary_versions_video", "video_id", "id"),
        Index("summary_versions_created", "created_at"),
        Index("summary_versions_made_by", "model", "prompt_version", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    video_id: Mapped[int]
    summarized_event_id: Mapped[UUID | None] = mapped_column(unique=True)
    source_event_id: Mapped[str | None]
    source_event_ts: Mapped[datetime | None]
    run_id: Mapped[str | None]
    summary_text: Mapped[str | None]
    summary_path: Mapped[str | None]
    quality_score: Mapped[float | None]
    model: Mapped[str | None]
    prompt_version: Mapped[str | None]
    model_info: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SummaryJudgement(OwnBase):
    """What a judge (a language model) said of one summary. ``score`` is within 0 to 1, ``criteria`` its parts."""

    __tablename__ = "summary_judgements"
    __table_args__ = (Index("summary_judgements_event", "summarized_event_id", "judge", unique=True),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    video_id: Mapped[int]
    summarized_event_id: Mapped[UUID]
    judge: Mapped[str]
    score: Mapped[float]
    criteria: Mapped[dict[str, Any]]
    cost_usd: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AnswerBatch(OwnBase):
    """Videos whose calls go through the provider's Batch API before their runs start (``database.batches``).

    ``backfill_id`` is the backfill whose runs wait for it, NULL on rows of before they did.
    ``video_ids`` is in the order in which they are worked on, of which ``videos_collected`` are done with. Money is
    reserved on the day ``reserved_on`` (UTC) until the batch has ended. ``due_at`` is when to look at the row again.
    ``answered_by``, ``answered_calls`` and tokens tell what ``spent_usd`` was charged for, ``answered_at`` since when
    that is known, None for a batch that brought nothing. ``prompt_version`` is that of its calls.
    """

    __tablename__ = "answer_batches"
    __table_args__ = (
        Index("answer_batches_state", "state", "id"),
        Index("answer_batches_answered", "answered_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    state: Mapped[str]
    video_ids: Mapped[list[Any]]
    submission_key: Mapped[str | None]
    submissions: Mapped[int] = mapped_column(server_default=text("0"))
    model: Mapped[str | None]
    batch_id: Mapped[str | None]
    requests: Mapped[int] = mapped_column(server_default=text("0"))
    reserved_usd: Mapped[float] = mapped_column(server_default=text("0"))
    reserved_on: Mapped[date | None]
    videos_collected: Mapped[int] = mapped_column(server_default=text("0"))
    answers_kept: Mapped[int] = mapped_column(server_default=text("0"))
    answers_unusable: Mapped[int] = mapped_column(server_default=text("0"))
    spent_usd: Mapped[float | None]
    prompt_version: Mapped[str | None]
    answered_by: Mapped[str | None]
    answered_calls: Mapped[int] = mapped_column(server_default=text("0"))
    input_tokens: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    output_tokens: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    answered_at: Mapped[datetime | None]
    note: Mapped[str | None]
    backfill_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
