"""The table of dead letters: what had no effect, kept whole, until a person replays it.

Belongs here: recording, listing, reading and replaying. Does not belong here: the dead-letter topic, or the decision
that something is a dead letter.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Engine, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from summary_pipeline.contract.dead_letter import DeadLetter
from summary_pipeline.database.engine import set_for_transaction
from summary_pipeline.database.errors import PermanentDatabaseError, typed_errors
from summary_pipeline.database.own_models import DeadLetter as DeadLetterRow
from summary_pipeline.database.storable import storable_text
from summary_pipeline.database.unit_of_work import unit_of_work
from summary_pipeline.database.video_row import utc_clock

_PAGE: Final = 500
_KNOWN_BY: Final = (
    DeadLetterRow.cluster_id,
    DeadLetterRow.topic,
    DeadLetterRow.partition,
    DeadLetterRow.offset,
    DeadLetterRow.value_sha256,
)
_LONGEST_SEND: Final = "5min"
"""How long PostgreSQL lets a replay's transaction idle while the broker is waited for; the producer ends far sooner."""


class UnknownDeadLetterError(PermanentDatabaseError):
    """There is no dead letter with this id."""

    def __init__(self, letter_id: int) -> None:
        super().__init__(f"There is no dead letter {letter_id}. `summary-pipeline dlq list` shows those there are.")
        self.letter_id = letter_id


@dataclass(frozen=True, slots=True)
class ListedLetter:
    """A dead letter without its bytes. Times are UTC, without a zone; ``value_bytes`` is None for a tombstone."""

    id: int
    created_at: datetime
    topic: str
    partition: int | None
    offset: int | None
    event_id: str | None
    video_id: int | None
    stage: str
    error_class: str
    reason: str
    value_bytes: int | None
    replays: int
    replayed_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A dead letter with all that is known of it. Times are UTC, without a zone."""

    id: int
    created_at: datetime
    replays: int
    replayed_at: datetime | None
    letter: DeadLetter


class ReplayResult(StrEnum):
    """What became of the wish to replay a dead letter."""

    REPLAYED = "replayed"
    ALREADY_REPLAYED = "already replayed"
    """It was replayed before, and a second time was not asked for. Nothing was done."""


def record_dead_letters(engine: Engine, letters: Sequence[DeadLetter]) -> None:
    """Keep dead letters, all or none; safe to repeat.

    A message is known by its place in Kafka and its content, and kept once. An event that is given up again, after a
    replay, is open again, with its newest reason.

    Raises:
        DatabaseError: nothing was kept.
    """
    if not letters:
        return
    with unit_of_work(engine, f"keeping {len(letters)} dead letter(s)") as work:
        for letter in letters:
            statement = insert(DeadLetterRow).values(_columns(letter))
            if letter.offset is not None:
                work.session.execute(statement.on_conflict_do_nothing(index_elements=_KNOWN_BY))
            else:
                news = {"reason": statement.excluded.reason, "created_at": utc_clock(), "replayed_at": None}
                work.session.execute(
                    statement.on_conflict_do_update(
                        index_elements=[DeadLetterRow.event_id],
                        index_where=DeadLetterRow.offset.is_(None),
                        set_=news,
                    )
                )
        work.commit()


def list_dead_letters(
    engine: Engine, *, since: datetime | None = None, reason: str | None = None
) -> Iterator[ListedLetter]:
    """Yield dead letters, the newest first, a page a query.

    Args:
        engine: the database.
        since: leave out what is older; UTC, without a zone.
        reason: keep those whose reason holds this text, or whose stage or error class is it, in either case. A part
            of a stage would not narrow: "value" and "event" are in those of every rejected message.

    Raises:
        DatabaseError: the database could not answer.
    """
    names = [name for name in ListedLetter.__dataclass_fields__ if name != "value_bytes"]
    statement = select(
        *(getattr(DeadLetterRow, name) for name in names),
        func.octet_length(DeadLetterRow.message_value).label("value_bytes"),
    )
    if since is not None:
        statement = statement.where(DeadLetterRow.created_at >= since)
    if reason is not None:
        asked = storable_text(reason)
        statement = statement.where(
            or_(
                DeadLetterRow.reason.icontains(asked, autoescape=True),
                func.lower(asked).in_([func.lower(DeadLetterRow.stage), func.lower(DeadLetterRow.error_class)]),
            )
        )
    statement = statement.order_by(DeadLetterRow.id.desc()).limit(_PAGE)
    page = statement
    while True:
        with typed_errors("listing dead letters"), Session(engine) as session:
            rows = session.execute(page).mappings().all()
        yield from (ListedLetter(**row) for row in rows)
        if len(rows) < _PAGE:
            return
        page = statement.where(DeadLetterRow.id < rows[-1]["id"])


def dead_letter(engine: Engine, letter_id: int) -> StoredLetter:
    """Return one dead letter.

    Raises:
        UnknownDeadLetterError: there is none with this id.
        DatabaseError: the database could not answer.
    """
    with typed_errors(f"reading dead letter {letter_id}"), Session(engine) as session:
        return _stored(_require(session, letter_id))


def open_dead_letters(engine: Engine) -> int:
    """Return how many dead letters nobody has replayed.

    Raises:
        DatabaseError: the database could not answer.
    """
    statement = select(func.count()).select_from(DeadLetterRow).where(DeadLetterRow.replayed_at.is_(None))
    with typed_errors("counting dead letters"), Session(engine) as session:
        return session.scalars(statement).one()


def replay_dead_letter(
    engine: Engine, letter_id: int, send: Callable[[DeadLetter], None], *, again: bool = False
) -> ReplayResult:
    """Send a dead letter to its topic once more and count it, under a lock, so that two people don't do it twice.

    If the connection is lost behind ``send``, the letter was sent and is not counted. Sent again, it is a repeat.

    Args:
        engine: the database.
        letter_id: which one.
        send: produces it; whatever it raises goes on to the caller, and nothing is counted.
        again: also where it was replayed before.

    Raises:
        UnknownDeadLetterError: there is none with this id.
        DatabaseError: the database could not do it.
    """
    with unit_of_work(engine, f"replaying dead letter {letter_id}") as work:
        set_for_transaction(work.session.connection(), {"idle_in_transaction_session_timeout": _LONGEST_SEND})
        row = _require(work.session, letter_id, lock=True)
        if row.replayed_at is not None and not again:
            return ReplayResult.ALREADY_REPLAYED
        send(_stored(row).letter)
        row.replays += 1
        row.replayed_at = work.session.scalars(select(utc_clock())).one()
        work.commit()
        return ReplayResult.REPLAYED


def _require(session: Session, letter_id: int, *, lock: bool = False) -> DeadLetterRow:
    row = session.get(DeadLetterRow, letter_id, with_for_update=lock) if 0 < letter_id < 2**63 else None
    if row is None:
        raise UnknownDeadLetterError(letter_id)
    return row


def _columns(letter: DeadLetter) -> dict[str, Any]:
    return {
        "cluster_id": letter.cluster_id,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "event_id": letter.event_id,
        "video_id": letter.video_id,
        "message_key": letter.key,
        "message_value": letter.value,
        "value_sha256": _content_digest(letter),
        "message_headers": [
            [storable_text(name), None if value is None else base64.b64encode(value).decode()]
            for name, value in letter.headers
        ],
        "stage": letter.stage,
        "error_class": letter.error_class,
        "reason": storable_text(letter.reason),
        "created_at": utc_clock(),
    }


def _content_digest(letter: DeadLetter) -> str:
    """Return the SHA-256, in hex, of key and value, each told from nothing and from the other's beginning."""
    digest = hashlib.sha256()
    for part in (letter.key, letter.value):
        digest.update(b"-" if part is None else b"%d:" % len(part) + part)
    return digest.hexdigest()


def _stored(row: DeadLetterRow) -> StoredLetter:
    letter = DeadLetter(
        topic=row.topic,
        key=row.message_key,
        value=row.message_value,
        headers=tuple(
            (name, None if value is None else base64.b64decode(value)) for name, value in row.message_headers
        ),
        stage=row.stage,
        error_class=row.error_class,
        reason=row.reason,
        cluster_id=row.cluster_id,
        partition=row.partition,
        offset=row.offset,
        event_id=row.event_id,
        video_id=row.video_id,
    )
    return StoredLetter(row.id, row.created_at, row.replays, row.replayed_at, letter)
