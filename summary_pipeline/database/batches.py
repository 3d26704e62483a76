"""Batches of calls that were asked for: what waits, what the provider works on, what came of it.

Belongs here: statements on ``answer_batches``, one transaction each. Each says in which state the row must be, so that
a tick that lost its turn changes nothing. Does not belong here: whose turn it is (``locks``), when a row moves on
(``summarization.batching``), and the calls (``resources.answer_batches``).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.orm import Session

from summary_pipeline.database.errors import typed_errors
from summary_pipeline.database.own_models import AnswerBatch
from summary_pipeline.database.spending import reserve_within, settle_within
from summary_pipeline.database.unit_of_work import unit_of_work
from summary_pipeline.database.video_row import utc_clock


class BatchState(StrEnum):
    """How far a row has come. They follow one another, but for ``REQUESTED`` again where the provider had no room."""

    REQUESTED = "requested"
    """Videos wait for their calls to be put into a batch."""
    SUBMITTING = "submitting"
    """A batch of these videos is being submitted under ``submission_key``; the provider may have it already."""
    SUBMITTED = "submitted"
    """The provider has it, and its answers are read once it has ended."""
    ABANDONED = "abandoned"
    """The provider has it and is to cancel it, since no run waited. Runs that wait since then wait for another one."""
    ANSWERED = "answered"
    """What came is in the store of answers; the runs may start."""
    SETTLED = "settled"
    """The runs were told. The end."""
    STOPPING = "stopping"
    """A person cancelled the batch: what came is in the store of answers, and runs that wait are to be cancelled."""
    CANCELLED = "cancelled"
    """The runs were cancelled, or none waited. The end."""


ENDS: Final = {BatchState.ANSWERED: BatchState.SETTLED, BatchState.STOPPING: BatchState.CANCELLED}
"""States in which it is the runs' turn, and what follows."""
OPEN_STATES: Final = frozenset(BatchState).difference(ENDS.values())


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A row of ``answer_batches``. Times are UTC, without a zone."""

    id: int
    state: BatchState
    video_ids: tuple[int, ...]
    backfill_id: str | None
    submission_key: str | None
    submissions: int
    model: str | None
    batch_id: str | None
    requests: int
    reserved_usd: float
    reserved_on: date | None
    videos_collected: int
    answers_kept: int
    answers_unusable: int
    spent_usd: float | None
    note: str | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Submission:
    """What is about to be submitted: the videos of the batch, and what their calls may cost at most."""

    key: str
    model: str
    prompt_version: str
    video_ids: Sequence[int]
    requests: int
    usd: float


@dataclass(frozen=True, slots=True)
class Answered:
    """All that an ended batch answered, usable or not: calls, tokens, and under which name the model did."""

    model: str | None
    calls: int
    input_tokens: int
    output_tokens: int


def request_batches(engine: Engine, awaited: Mapping[int, str]) -> list[int]:
    """Ask for the answers about videos by batch, a row for each backfill; return the videos that were added.

    A video that waits in a batch already is left out: all its runs start with that one. It takes the turn
    (``locks.batches_turn``): two at once could both add a video.

    Args:
        engine: The database.
        awaited: The videos, in the order in which they shall be worked on, and the backfills whose runs wait.

    Raises:
        DatabaseError: the database could not answer; nothing was asked for.
    """
    with unit_of_work(engine, "asking for batches of calls") as work:
        waiting = _waiting_videos(work.session)
        added: dict[str, list[int]] = {}
        for video_id, backfill_id in awaited.items():
            if video_id not in waiting:
                added.setdefault(backfill_id, []).append(video_id)
        for backfill_id, video_ids in added.items():
            row = {"state": BatchState.REQUESTED, "video_ids": video_ids, "backfill_id": backfill_id}
            work.session.execute(insert(AnswerBatch).values(row))
        work.commit()
        return [video_id for video_ids in added.values() for video_id in video_ids]


def open_batches(engine: Engine) -> list[BatchRow]:
    """Return all rows that are not at their end, the oldest first.

    Raises:
        DatabaseError: the database could not answer.
    """
    return _rows(engine, OPEN_STATES)


def due_batches(engine: Engine) -> list[BatchRow]:
    """Return those open rows that are due: first those that have waited longest for something to be done.

    Raises:
        DatabaseError: the database could not answer.
    """
    return _rows(engine, OPEN_STATES, due=True)


def begin_submission(
    engine: Engine, row: BatchRow, submission: Submission, *, day: date, limit_usd: float | None
) -> bool:
    """Reserve the money, and move to SUBMITTING those videos of ``row`` that ``submission`` takes; the rest wait on.

    Returns:
        False, and nothing was done, where the day's limit does not allow it or ``row`` has moved meanwhile.

    Raises:
        DatabaseError: the database could not answer; nothing was done.
    """
    taken = set(submission.video_ids)
    rest = [video_id for video_id in row.video_ids if video_id not in taken]
    with unit_of_work(engine, "beginning a batch of calls") as work:
        session = work.session
        if limit_usd is not None and not reserve_within(session, day, submission.usd, limit_usd=limit_usd):
            return False
        moved = _move(
            session,
            row.id,
            BatchState.REQUESTED,
            state=BatchState.SUBMITTING,
            video_ids=list(submission.video_ids),
            submission_key=submission.key,
            submissions=row.submissions + 1,
            model=submission.model,
            prompt_version=submission.prompt_version,
            requests=submission.requests,
            reserved_usd=submission.usd if limit_usd is not None else 0.0,
            reserved_on=day,
            batch_id=None,
            note=None,
        )
        if not moved:
            return False
        if rest:
            session.execute(
                insert(AnswerBatch).values(state=BatchState.REQUESTED, video_ids=rest, backfill_id=row.backfill_id)
            )
        work.commit()
        return True


def record_submitted(engine: Engine, row_id: int, batch_id: str) -> bool:
    """Remember the provider's id of a batch; tell whether the row was SUBMITTING."""
    return _moved(engine, row_id, BatchState.SUBMITTING, state=BatchState.SUBMITTED, batch_id=batch_id)


def record_abandoned(engine: Engine, row: BatchRow) -> bool:
    """Remember that no run waits for a batch that the provider has; tell whether the row was SUBMITTED."""
    return _moved(engine, row.id, BatchState.SUBMITTED, state=BatchState.ABANDONED)


def record_collected(engine: Engine, row: BatchRow, *, videos: int, kept: int, unusable: int) -> bool:
    """Remember that the answers about the first ``videos`` videos are stored; tell whether the row has not moved."""
    values = {"videos_collected": videos, "answers_kept": kept, "answers_unusable": unusable}
    return _moved(engine, row.id, row.state, **values)


def record_end(
    engine: Engine,
    row: BatchRow,
    state: BatchState,
    *,
    spent_usd: float | None,
    answered: Answered | None = None,
    note: str | None = None,
) -> bool:
    """Move a batch that has ended, or never was, to ``state``, and settle what was reserved for it.

    What it answered and cost counts from now on: in reports on the day of this, in ``model_spending`` on the day of its
    submission, whose limit it had to keep.

    Args:
        engine: The database.
        row: One that is not at its end.
        state: ANSWERED, STOPPING, CANCELLED where no run waited, or REQUESTED to submit it again.
        spent_usd: What the provider charges; None where it is not known, and then what was reserved counts as spent.
        answered: What it charges for, None where nothing was answered.
        note: What people should know.

    Returns:
        False where ``row`` has moved meanwhile; then nothing is settled.
    """
    with unit_of_work(engine, "ending a batch of calls") as work:
        values: dict[str, Any] = {"state": state, "spent_usd": spent_usd, "note": note, "reserved_usd": 0.0}
        if answered is not None:
            values |= {
                "answered_by": answered.model,
                "answered_calls": answered.calls,
                "input_tokens": answered.input_tokens,
                "output_tokens": answered.output_tokens,
                "answered_at": utc_clock(),
            }
        if not _move(work.session, row.id, row.state, **values):
            return False
        if row.reserved_usd and row.reserved_on is not None:
            spent = row.reserved_usd if spent_usd is None else spent_usd
            settle_within(work.session, row.reserved_on, reserved_usd=row.reserved_usd, spent_usd=spent)
        work.commit()
        return True


def record_told(engine: Engine, row: BatchRow) -> bool:
    """Remember that the runs were told of an end, ANSWERED or STOPPING; tell whether the row was still in its state."""
    return _moved(engine, row.id, row.state, state=ENDS[row.state])


def postpone(engine: Engine, row: BatchRow, until: datetime, note: str) -> bool:
    """Leave ``row`` alone until then (UTC, without a zone); tell whether it was still in its state."""
    return _moved(engine, row.id, row.state, due_at=until, note=note)


def put_off(engine: Engine, row_id: int, until: datetime, note: str) -> None:
    """Leave a row alone until then (UTC, without a zone), whatever its state."""
    with unit_of_work(engine, "putting off a batch of calls") as work:
        statement = update(AnswerBatch).where(AnswerBatch.id == row_id)
        work.session.execute(statement.values(due_at=until, note=note))
        work.commit()


def _rows(engine: Engine, states: Collection[BatchState], *, due: bool = False) -> list[BatchRow]:
    statement = select(AnswerBatch).where(AnswerBatch.state.in_(states)).order_by(AnswerBatch.id)
    if due:
        statement = statement.where(AnswerBatch.due_at <= utc_clock()).order_by(None)
        statement = statement.order_by(AnswerBatch.due_at, AnswerBatch.id)
    with typed_errors("reading the batches of calls"), Session(engine) as session:
        return [_row(found) for found in session.scalars(statement)]


def _row(found: AnswerBatch) -> BatchRow:
    names = BatchRow.__dataclass_fields__
    values = {name: getattr(found, name) for name in names}
    return BatchRow(**{**values, "state": BatchState(found.state), "video_ids": tuple(found.video_ids)})


def _waiting_videos(session: Session) -> set[int]:
    statement = select(AnswerBatch.video_ids).where(AnswerBatch.state.in_(OPEN_STATES))
    return {video_id for video_ids in session.scalars(statement) for video_id in video_ids}


def _moved(engine: Engine, row_id: int, expected: BatchState, **values: Any) -> bool:  # noqa: ANN401 - columns of any type
    with unit_of_work(engine, "recording the state of a batch of calls") as work:
        moved = _move(work.session, row_id, expected, **values)
        work.commit()
        return moved


def _move(session: Session, row_id: int, expected: BatchState, **values: Any) -> bool:  # noqa: ANN401 - the same
    statement = (
        update(AnswerBatch)
        .where(AnswerBatch.id == row_id, AnswerBatch.state == expected)
        .values(**{"due_at": utc_clock(), **values}, changed_at=utc_clock())
        .returning(AnswerBatch.id)
    )
    return session.execute(statement).first() is not None
