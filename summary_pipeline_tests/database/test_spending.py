from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import Engine

from summary_pipeline.database.spending import Ledger, Spending, reserve_spending, settle_spending, spending_on
from summary_pipeline.resources.daily_budget import DailyDatabaseBudget
from summary_pipeline.resources.database import Database
from summary_pipeline.summarization.errors import CostLimitError

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
    with pytest.raises(CostLimitError, match=r"SUMMARY_MAX_COST_PER_DAY_USD.*2026-11-20.*\$0\.5000 are spent"):
        await budget.reserve(0.75)


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
