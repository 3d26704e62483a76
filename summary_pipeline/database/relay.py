"""The outbox relay: from ``outbox_events`` to Kafka, where the neighbour's scheduler does not do it.

Belongs here: taking rows in order, one transaction each, and what is written about success and failure.
Does not belong here: Kafka's client (``resources.kafka_producer``), the decisions (``relay_rules``).

The rules are the neighbour's: rows of any service and topic, oldest first, ``published`` and ``published_at`` after the
broker's acknowledgement, else 1 more in ``attempts``. Beyond them:

- One relay at a time: each row's transaction holds an advisory lock. A second relay stands by.
- Per video, a row is sent only after all older ones. One that fails holds back the later ones of its video.
- The broker's refusals of one message count; after too many the row is parked in ``outbox_failures``, the later rows of
  its video go on, and a person decides (``release_parked``). An unreachable broker ends the pass and parks nothing.
- A crash between acknowledgement and commit sends the same event id again. It is never lost, and readers know repeats.
"""

import logging
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import Engine, Text, cast, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from summary_pipeline.database.compatibility import IncompatibleTablesError, require_compatible
from summary_pipeline.database.engine import set_for_transaction
from summary_pipeline.database.errors import DatabaseError, typed_errors
from summary_pipeline.database.locks import Lock, try_lock
from summary_pipeline.database.models import OutboxEvent
from summary_pipeline.database.outbox_producer import (
    BrokerUnavailableError,
    DeliveryError,
    MessageRejectedError,
    OutboxProducer,
)
from summary_pipeline.database.own_models import OutboxFailure
from summary_pipeline.database.relay_rules import (
    DEFAULT_RELAY_SETTINGS,
    RelaySettings,
    backoff_seconds,
    message_key,
)
from summary_pipeline.database.storable import storable_text
from summary_pipeline.database.unit_of_work import unit_of_work
from summary_pipeline.database.video_row import utc_clock

_LOGGER = logging.getLogger(__name__)

_PAGE: Final = 500
_LONGEST_SEND: Final = "5min"
"""How long PostgreSQL lets a row's transaction idle while the broker is waited for; the producer ends far sooner."""
_LONGEST_ERROR_CHARACTERS: Final = 500


@dataclass(frozen=True, slots=True)
class RelayReport:
    """What one pass did. ``held_back`` rows wait for an older row of their video or for their back-off to end.

    ``standby`` tells that another relay is at work; ``outage`` is why the pass ended early, None where it did not.
    """

    published: int = 0
    rejected: int = 0
    parked: int = 0
    held_back: int = 0
    standby: bool = False
    outage: str | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class _Candidate:
    id: UUID
    key: str | None
    due: bool


class _Attempt(StrEnum):
    PUBLISHED = "published"
    REJECTED = "rejected"
    PARKED = "parked"
    GONE = "gone"
    STANDBY = "standby"


class Relay:
    """Publishes outbox rows. One instance serves one thread; any number of instances may run."""

    def __init__(
        self, engine: Engine, producer: OutboxProducer, settings: RelaySettings = DEFAULT_RELAY_SETTINGS
    ) -> None:
        self._engine = engine
        self._producer = producer
        self._settings = settings

    def run_forever(self, stop: threading.Event) -> None:
        """Poll until ``stop`` is set; outages of PostgreSQL and Kafka are logged and waited for, ever longer.

        Raises:
            IncompatibleTablesError: the tables are not as the relay needs them; waiting would not change that.
        """
        outages = 0
        while not stop.is_set():
            try:
                require_compatible(self._engine)
                report = self.run_once(stop)
                outage = report.outage
            except IncompatibleTablesError:
                raise
            except DatabaseError as error:
                report, outage = RelayReport(), str(error)
            if outage is None:
                outages = 0
                pause = 0.0 if report.more else self._settings.poll_seconds
            else:
                outages += 1
                pause = max(self._settings.poll_seconds, backoff_seconds(self._settings, outages, outage=True))
                _LOGGER.error("The relay goes on in %.0f s: %s", pause, outage)
            stop.wait(pause)

    def run_once(self, stop: threading.Event | None = None) -> RelayReport:
        """Publish what is due, oldest first, up to the batch size.

        Raises:
            TransientDatabaseError: the database was in trouble; the row at hand may be sent again with the same id.
            PermanentDatabaseError: the database refused.
        """
        done = dict.fromkeys(_Attempt, 0)
        held_back = 0
        waiting: set[str] = set()
        for candidate in self._candidates():
            if (stop is not None and stop.is_set()) or sum(done.values()) >= self._settings.batch_size:
                return _report(done, held_back, more=True)
            if candidate.key in waiting or not candidate.due:
                held_back += 1
            else:
                try:
                    attempt = self._publish(candidate)
                except BrokerUnavailableError as error:
                    return _report(done, held_back, outage=str(error))
                done[attempt] += 1
                if attempt is _Attempt.STANDBY:
                    return _report(done, held_back)
                if attempt in {_Attempt.PUBLISHED, _Attempt.PARKED}:
                    continue
            if candidate.key is not None:
                waiting.add(candidate.key)
        return _report(done, held_back)

    def _candidates(self) -> Iterator[_Candidate]:
        """Yield unpublished rows that are not parked, oldest first, a page a transaction.

        Payloads are read as text: in PostgreSQL, an escaped NUL in one of them would fail the query for all.
        """
        base = (
            select(
                OutboxEvent.created_at,
                OutboxEvent.id,
                cast(OutboxEvent.payload, Text),
                func.coalesce(OutboxFailure.next_attempt_at <= utc_clock(), True),
            )
            .outerjoin(OutboxFailure, OutboxFailure.event_id == OutboxEvent.id)
            .where(~OutboxEvent.published, OutboxFailure.parked_at.is_(None))
            .order_by(OutboxEvent.created_at, OutboxEvent.id)
            .limit(_PAGE)
        )
        after: tuple[datetime, UUID] | None = None
        while True:
            statement = base if after is None else base.where(tuple_(OutboxEvent.created_at, OutboxEvent.id) > after)
            with typed_errors("reading the outbox"), Session(self._engine) as session:
                rows = session.execute(statement).all()
            for created_at, row_id, payload, due in rows:
                after = (created_at, row_id)
                yield _Candidate(row_id, message_key(payload), due)
            if len(rows) < _PAGE:
                return

    def _publish(self, candidate: _Candidate) -> _Attempt:
        """Send one row and record what became of it, in one transaction that holds the row and the relay's lock.

        Raises:
            BrokerUnavailableError: no broker took it; the attempt is recorded.
        """
        with unit_of_work(self._engine, f"publishing the outbox event {candidate.id}") as work:
            session = work.session
            connection = session.connection()
            if not try_lock(connection, Lock.RELAY):
                return _Attempt.STANDBY
            set_for_transaction(connection, {"idle_in_transaction_session_timeout": _LONGEST_SEND})
            statement = select(OutboxEvent.topic, cast(OutboxEvent.payload, Text))
            statement = statement.where(OutboxEvent.id == candidate.id, ~OutboxEvent.published)
            row = session.execute(statement.with_for_update(skip_locked=True)).first()
            if row is None:
                return _Attempt.GONE
            topic, payload = row
            key = message_key(payload)
            try:
                self._producer.send(topic, key=None if key is None else key.encode(), value=payload.encode())
            except DeliveryError as error:
                parked = self._record_failure(session, candidate.id, error)
                work.commit()
                if isinstance(error, MessageRejectedError):
                    return _Attempt.PARKED if parked else _Attempt.REJECTED
                raise
            _record_success(session, candidate.id)
            work.commit()
            return _Attempt.PUBLISHED

    def _record_failure(self, session: Session, event_id: UUID, error: DeliveryError) -> bool:
        """Count the failure, set the time of the next attempt, park after too many refusals; tell whether parked."""
        known = session.get(OutboxFailure, event_id)
        failures = (known.failures if known else 0) + 1
        rejected = isinstance(error, MessageRejectedError)
        rejections = (known.rejections if known else 0) + rejected
        parked = rejections >= self._settings.most_rejections
        wait = backoff_seconds(self._settings, failures, outage=not rejected)
        now = session.scalars(select(utc_clock())).one()
        values = {
            "failures": failures,
            "rejections": rejections,
            "last_error": storable_text(str(error))[:_LONGEST_ERROR_CHARACTERS],
            "next_attempt_at": now + timedelta(seconds=wait),
            "parked_at": now if parked else None,
        }
        statement = insert(OutboxFailure).values(event_id=event_id, **values)
        session.execute(statement.on_conflict_do_update(index_elements=[OutboxFailure.event_id], set_=values))
        session.execute(update(OutboxEvent).where(OutboxEvent.id == event_id).values(attempts=OutboxEvent.attempts + 1))
        level = logging.ERROR if parked else logging.WARNING
        _LOGGER.log(level, "Outbox event %s, failure %d%s: %s", event_id, failures, ", parked" if parked else "", error)
        return parked


def release_parked(engine: Engine, event_ids: Collection[UUID]) -> int:
    """Let parked rows be tried again, after their cause was mended; return how many were parked.

    A released row may reach Kafka behind a newer one of its video. Its ``ts`` tells.

    Raises:
        DatabaseError: the database could not do it.
    """
    with unit_of_work(engine, "releasing parked outbox events") as work:
        statement = delete(OutboxFailure).where(
            OutboxFailure.event_id.in_(event_ids), OutboxFailure.parked_at.is_not(None)
        )
        released = work.session.scalars(statement.returning(OutboxFailure.event_id)).all()
        work.commit()
        return len(released)


def _record_success(session: Session, event_id: UUID) -> None:
    statement = update(OutboxEvent).where(OutboxEvent.id == event_id)
    session.execute(statement.values(published=True, published_at=utc_clock()))
    session.execute(delete(OutboxFailure).where(OutboxFailure.event_id == event_id))


def _report(done: dict[_Attempt, int], held_back: int, *, outage: str | None = None, more: bool = False) -> RelayReport:
    return RelayReport(
        published=done[_Attempt.PUBLISHED],
        rejected=done[_Attempt.REJECTED] + done[_Attempt.PARKED],
        parked=done[_Attempt.PARKED],
        held_back=held_back,
        standby=done[_Attempt.STANDBY] > 0,
        outage=outage,
        more=more,
    )
