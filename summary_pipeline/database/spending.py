"""What is spent on language models each day, over all workers.

Belongs here: reserving and settling, one statement each. Does not belong here: what a call costs.
"""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from sqlalchemy import Engine, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from summary_pipeline.database.errors import typed_errors
from summary_pipeline.database.own_models import JudgeSpending, ModelSpending
from summary_pipeline.database.unit_of_work import unit_of_work


class Ledger(Enum):
    """What money is spent on; each has a limit of its own."""

    SUMMARIES = ModelSpending
    JUDGEMENTS = JudgeSpending


@dataclass(frozen=True, slots=True)
class Spending:
    """US dollars of one day: paid, and set aside for calls under way."""

    spent_usd: float
    reserved_usd: float

    @property
    def committed_usd(self) -> float:
        """What counts against a limit."""
        return self.spent_usd + self.reserved_usd


def reserve_spending(
    engine: Engine, day: date, usd: float, *, limit_usd: float, ledger: Ledger = Ledger.SUMMARIES
) -> bool:
    """Set ``usd`` aside on ``day`` if the day then stays within ``limit_usd``; tell whether it was.

    Raises:
        DatabaseError: the database could not answer.
    """
    with unit_of_work(engine, "reserving money for model calls") as work:
        reserved = reserve_within(work.session, day, usd, limit_usd=limit_usd, ledger=ledger)
        work.commit()
        return reserved


def settle_spending(
    engine: Engine, day: date, *, reserved_usd: float, spent_usd: float, ledger: Ledger = Ledger.SUMMARIES
) -> None:
    """Give back what was set aside on ``day`` and record what was spent.

    Raises:
        DatabaseError: the database could not answer.
    """
    with unit_of_work(engine, "recording what model calls cost") as work:
        settle_within(work.session, day, reserved_usd=reserved_usd, spent_usd=spent_usd, ledger=ledger)
        work.commit()


def reserve_within(
    session: Session, day: date, usd: float, *, limit_usd: float, ledger: Ledger = Ledger.SUMMARIES
) -> bool:
    """Do what ``reserve_spending`` does as a part of the transaction of ``session``."""
    table = ledger.value
    session.execute(insert(table).values(day=day).on_conflict_do_nothing())
    statement = (
        update(table)
        .where(table.day == day)
        .where(table.spent_usd + table.reserved_usd + usd <= limit_usd)
        .values(reserved_usd=table.reserved_usd + usd)
        .returning(table.day)
    )
    return session.execute(statement).first() is not None


def settle_within(
    session: Session, day: date, *, reserved_usd: float, spent_usd: float, ledger: Ledger = Ledger.SUMMARIES
) -> None:
    """Do what ``settle_spending`` does as a part of the transaction of ``session``."""
    table = ledger.value
    session.execute(
        update(table)
        .where(table.day == day)
        .values(spent_usd=table.spent_usd + spent_usd, reserved_usd=table.reserved_usd - reserved_usd)
    )


def spending_on(engine: Engine, day: date, *, ledger: Ledger = Ledger.SUMMARIES) -> Spending:
    """Return what ``day`` has cost so far.

    Raises:
        DatabaseError: the database could not answer.
    """
    table = ledger.value
    statement = select(table.spent_usd, table.reserved_usd).where(table.day == day)
    with typed_errors(f"asking what {day} has cost"), Session(engine) as session:
        row = session.execute(statement).first()
        return Spending(0.0, 0.0) if row is None else Spending(row.spent_usd, row.reserved_usd)
