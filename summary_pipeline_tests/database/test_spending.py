import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from summary_pipeline.database.spending import (
    Ledger,
    Spending,
    reserve_spending,
    reserve_within,
    settle_spending,
    spending_on,
)
from summary_pipeline.resources.daily_budget import DailyDatabaseBudget
from summary_pipeline.resources.database import Database
from summary_pipeline.summarization.errors import CostLimitError
from summary_pipeline_tests.database.lock_waits import await_a_session_that_waits

pytestmark = pytest.mark.servers

FRIDAY = date(2026, 11, 20)
SATURDAY = date(2026, 11, 21)


def test_a_day_on_which_nothing_was_spent_has_cost_nothing(engine: Engine) -> None:
    assert spending_on(engine, FRIDAY) == Spending(0.0, 0.0)


def test_what_is_set_aside_counts_until_it_is_settled(engine: Engine) -> None:
    assert reserve_spending(engine, FRIDAY, 0.75, limit_usd=1.0)
    assert spending_on(engine, FRIDAY) == Spending(0.0, 0.75)
    settle_spending(engine, FRIDAY, reserved_usd=0.75, spent_usd=0.25)
    assert spending_on(engine, FRIDAY) == Spending(0.25, 0.0)


def test_nothing_is_set_aside_beyond_the_limit(engine: Engine) -> None:
    assert reserve_spending(engine, FRIDAY, 0.75, limit_usd=1.0)
    assert not reserve_spending(engine, FRIDAY, 0.5, limit_usd=1.0)
    assert spending_on(engine, FRIDAY) == Spending(0.0, 0.75)


def test_the_next_day_begins_with_nothing_spent(engine: Engine) -> None:
    assert reserve_spending(engine, FRIDAY, 1.0, limit_usd=1.0)
    assert reserve_spending(engine, SATURDAY, 1.0, limit_usd=1.0)


def test_workers_that_ask_at_once_never_exceed_the_limit_together(engine: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        granted = list(pool.map(lambda _: reserve_spending(engine, FRIDAY, 0.25, limit_usd=1.0), range(16)))
    assert sum(granted) == 4
    assert spending_on(engine, FRIDAY) == Spending(0.0, 1.0)


async def test_the_budget_refuses_with_what_was_spent_and_what_to_do(engine: Engine) -> None:
    budget = DailyDatabaseBudget(Database(engine), 1.0, day=FRIDAY)
    await budget.reserve(0.75)
    await budget.settle(reserved_usd=0.75, spent_usd=0.5)
    for asked in (budget.require_affordable, budget.reserve):
        with pytest.raises(CostLimitError, match=r"SUMMARY_MAX_COST_PER_DAY_USD.*2026-11-20.*\$0\.5000 are spent"):
            await asked(0.75)


@contextmanager
def another_workers_reservation(engine: Engine, usd: float) -> Iterator[None]:
    """A transaction that holds the day's row; what it set aside is given back at the end."""
    with Session(engine) as session:
        assert reserve_within(session, FRIDAY, usd, limit_usd=1.0)
        yield
        session.rollback()


async def test_asking_whether_a_video_is_affordable_takes_nothing_and_waits_for_nobody(
    engine: Engine,
) -> None:
    budget = DailyDatabaseBudget(Database(engine), 1.0, day=FRIDAY)
    with another_workers_reservation(engine, 0.5):
        await asyncio.wait_for(budget.require_affordable(1.0), 5)
    assert spending_on(engine, FRIDAY) == Spending(0.0, 0.0)


@pytest.mark.parametrize("times", [1, 2])
async def test_a_reservation_whose_task_is_cancelled_is_given_back(engine: Engine, times: int) -> None:
    with another_workers_reservation(engine, 0.5):
        task = asyncio.ensure_future(DailyDatabaseBudget(Database(engine), 1.0, day=FRIDAY).reserve(1.0))
        await asyncio.to_thread(await_a_session_that_waits, engine)
        for _ in range(times):
            task.cancel()
            ended, _ = await asyncio.wait([task], timeout=0.05)
            assert not ended
    with pytest.raises(asyncio.CancelledError):
        await task
    assert spending_on(engine, FRIDAY) == Spending(0.0, 0.0)


async def test_what_was_spent_is_recorded_before_a_cancelled_task_ends(engine: Engine) -> None:
    budget = DailyDatabaseBudget(Database(engine), 1.0, day=FRIDAY)
    await budget.reserve(0.5)
    with another_workers_reservation(engine, 0.25):
        task = asyncio.ensure_future(budget.settle(reserved_usd=0.5, spent_usd=0.125))
        await asyncio.to_thread(await_a_session_that_waits, engine)
        task.cancel()
        ended, _ = await asyncio.wait([task], timeout=0.1)
        assert not ended
    with pytest.raises(asyncio.CancelledError):
        await task
    assert spending_on(engine, FRIDAY) == Spending(0.125, 0.0)


async def test_judgements_have_a_limit_of_their_own(engine: Engine) -> None:
    database = Database(engine)
    await DailyDatabaseBudget(database, 1.0, day=FRIDAY).reserve(1.0)
    judging = DailyDatabaseBudget(database, 1.0, day=FRIDAY, ledger=Ledger.JUDGEMENTS)
    await judging.reserve(0.75)
    await judging.settle(reserved_usd=0.75, spent_usd=0.5)
    assert spending_on(engine, FRIDAY, ledger=Ledger.JUDGEMENTS) == Spending(0.5, 0.0)
    assert spending_on(engine, FRIDAY) == Spending(0.0, 1.0)
    with pytest.raises(CostLimitError, match="SUMMARY_JUDGE_MAX_COST_PER_DAY_USD"):
        await judging.reserve(0.75)
