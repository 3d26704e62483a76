"""A limit on what all workers together spend on models in a day.

Belongs here: ``summarization.cost.Budget`` over the database. Does not belong here: prices.
"""

import asyncio
import functools
from datetime import date

from summary_pipeline.database.spending import Ledger, Spending
from summary_pipeline.resources.database import Database
from summary_pipeline.summarization.cancellation import finish
from summary_pipeline.summarization.errors import CostLimitError

_LIMITS = {
    Ledger.SUMMARIES: ("Summaries", "SUMMARY_MAX_COST_PER_DAY_USD", "summarize"),
    Ledger.JUDGEMENTS: ("Judgements of summaries", "SUMMARY_JUDGE_MAX_COST_PER_DAY_USD", "judge"),
}
"""By ledger: what is paid for, the setting of its limit, and what to do again."""


class DailyDatabaseBudget:
    """A limit for one day in UTC: that on which the work of an asset began."""

    def __init__(self, database: Database, limit_usd: float, *, day: date, ledger: Ledger = Ledger.SUMMARIES) -> None:
        self._database = database
        self._limit = limit_usd
        self._day = day
        self._ledger = ledger

    async def require_affordable(self, usd: float) -> None:
        """See ``Budget.require_affordable``.

        Raises:
            CostLimitError: the day would cost more than the limit.
            DatabaseError: the database could not answer.
        """
        spending = await self._spending()
        if spending.committed_usd + usd > self._limit:
            raise self._refusal(usd, spending)

    async def reserve(self, usd: float) -> None:
        """Set ``usd`` aside.

        Raises:
            CostLimitError, DatabaseError: as ``require_affordable``.
        """
        reserve = functools.partial(self._database.reserve_spending, limit_usd=self._limit, ledger=self._ledger)
        reserving = asyncio.ensure_future(asyncio.to_thread(reserve, self._day, usd))
        try:
            is_reserved = await finish(reserving, or_else="No money was set aside")
        except asyncio.CancelledError:
            # A thread can't be cancelled: its statement, which may wait for the day's row, is made all the same.
            if reserving.exception() is None and reserving.result():
                await self.settle(reserved_usd=usd, spent_usd=0.0)
            raise
        if not is_reserved:
            raise self._refusal(usd, await self._spending())

    async def settle(self, *, reserved_usd: float, spent_usd: float) -> None:
        """Give back a reservation and record what was spent, also for a task that is cancelled meanwhile."""
        settle = functools.partial(self._database.settle_spending, reserved_usd=reserved_usd, spent_usd=spent_usd)
        settling = asyncio.ensure_future(asyncio.to_thread(settle, self._day, ledger=self._ledger))
        await finish(settling, or_else=f"${reserved_usd:.4f} stay set aside on {self._day} (UTC)")

    async def _spending(self) -> Spending:
        return await asyncio.to_thread(self._database.spending_on, self._day, ledger=self._ledger)

    def _refusal(self, usd: float, spending: Spending) -> CostLimitError:
        what, setting, doing = _LIMITS[self._ledger]
        return CostLimitError(
            f"{what} may cost ${self._limit:.2f} a day ({setting}). On {self._day} (UTC) "
            f"${spending.spent_usd:.4f} are spent, ${spending.reserved_usd:.4f} set aside for calls under way, and the "
            f"next step may cost ${usd:.4f}. Raise the limit, or {doing} the video again tomorrow."
        )
