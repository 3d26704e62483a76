"""What is spent on language models each day, over all workers.

Belongs here: reserving and settling, one statement each. Does not belong here: what a call costs.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from summary_pipeline.database.errors import typed_errors
from summary_pipeline.database.own_models import ModelSpending
from summary_pipeline.database.unit_of_work import unit_of_work


@dataclass(frozen=True, slots=True)
class Spending:
    """US dollars of one day: paid, and set aside for calls under way."""

    spent_usd: float
    reserved_usd: float


def reserve_spending(engine: Engine, day: date, usd: float, *, limit_usd: float) -> bool:
    """Set ``usd`` aside on ``day`` if the day then stays within ``limit_usd``; tell whether it was.

    Raises:
        DatabaseError: the database could not answer.
    """
    with unit_of_work(engine, "reserving money for model calls") as work:
        work.session.execute(insert(ModelSpending).values(day=day).on_conflict_do_nothing())
        statement = (
            update(ModelSpending)
            .where(ModelSpending.day == day)
            .where(ModelSpending.spent_usd + ModelSpending.reserved_usd + usd <= limit_usd)
            .values(reserved_usd=ModelSpending.reserved_usd + usd)
            .returning(ModelSpending.day)
        )
        reserved = work.session.execute(statement).first() is not None
        work.commit()
        return reserved


def settle_spending(engine: Engine, day: date, *, reserved_usd: float, spent_usd: float) -> None:
    """Give back what was set aside on ``day`` and record what was spent.

    Raises:
        DatabaseError: the database could not answer.
    """
    with unit_of_work(engine, "recording what model calls cost") as work:
        work.session.execute(
            update(ModelSpending)
            .where(ModelSpending.day == day)
            .values(
                spent_usd=ModelSpending.spent_usd + spent_usd, reserved_usd=ModelSpending.reserved_usd - reserved_usd
            )
        )
        work.commit()


def spending_on(engine: Engine, day: date) -> Spending:
    """Return what ``day`` has cost so far.

    Raises:
        DatabaseError: the database could not answer.
    """
    statement = select(ModelSpending.spent_usd, ModelSpending.reserved_usd).where(ModelSpending.day == day)
    with typed_errors(f"asking what {day} has cost"), Session(engine) as session:
        row = session.execute(statement).first()
        return Spending(0.0, 0.0) if row is None else Spending(row.spent_usd, row.reserved_usd)
