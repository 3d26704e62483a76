"""What the outbox still holds: rows that are unpublished, and those that the relay could not publish.

Belongs here: reading that. Does not belong here: publishing (``relay``), the events of it that were lost (``queries``).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from summary_pipeline.database.errors import typed_errors
from summary_pipeline.database.models import OutboxEvent
from summary_pipeline.database.own_models import OutboxFailure
from summary_pipeline.database.video_row import utc_clock


@dataclass(frozen=True, slots=True)
class OutboxBacklog:
    """What the outbox still holds. ``oldest_seconds`` is the age of the oldest unpublished row that is not parked."""

    unpublished: int
    parked: int
    oldest_seconds: float | None


@dataclass(frozen=True, slots=True)
class OutboxTrouble:
    """An outbox row that the relay could not publish so far. Times are UTC, without a zone.

    ``rejections`` of its ``failures`` were the broker's refusals of this very message. A row with ``parked_at`` is not
    tried again until a person releases it.
    """

    event_id: UUID
    topic: str
    created_at: datetime
    failures: int
    rejections: int
    last_error: str
    next_attempt_at: datetime
    parked_at: datetime | None


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


def outbox_troubles(engine: Engine) -> list[OutboxTrouble]:
    """Return the unpublished rows that the relay failed to publish, the oldest first: parked ones and others.

    Raises:
        DatabaseError: the database could not answer.
    """
    statement = (
        select(
            OutboxEvent.id,
            OutboxEvent.topic,
            OutboxEvent.created_at,
            OutboxFailure.failures,
            OutboxFailure.rejections,
            OutboxFailure.last_error,
            OutboxFailure.next_attempt_at,
            OutboxFailure.parked_at,
        )
        .join(OutboxFailure, OutboxFailure.event_id == OutboxEvent.id)
        .where(~OutboxEvent.published)
        .order_by(OutboxEvent.created_at, OutboxEvent.id)
    )
    with typed_errors("reading what the relay could not publish"), Session(engine) as session:
        return [OutboxTrouble(*row) for row in session.execute(statement)]
