"""A limit on what all workers together spend on models in a day.

Belongs here: ``summarization.cost.Budget`` over the database. Does not belong here: prices.
"""

import asyncio
from datetime import date

from summary_pipeline.resources.database import Database
from summary_pipeline.summarization.errors import CostLimitError


class DailyDatabaseBudget:
    """A limit for one day in UTC: that on which the work of an asset began."""

    def __init__(self, database: Database, limit_usd: float, *, day: date) -> None:
        self._database = database
        self._limit = limit_usd
        self._day = day

    async def reserve(self, usd: float) -> None:
        """Set ``usd`` aside.

        Raises:
            CostLimitError: the day would cost more than the limit.
            DatabaseError: the database could not answer.
        """
        if await asyncio.to_thread(self._database.reserve_spending, self._day, usd, limit_usd=self._limit):
            return
        spending = await asyncio.to_thread(self._database.spending_on, self._day)
        raise CostLimitError(
            f"Summaries may cost ${self._limit:.2f} a day (SUMMARY_MAX_COST_PER_DAY_USD). On {self._day} (UTC) "
            f"${spending.spent_usd:.4f} are spent, ${spending.reserved_usd:.4f} set aside for calls under way, and the "
            f"next step may cost ${usd:.4f}. Raise the limit, or summarize the video again tomorrow."
        )

    async def settle(self, *, reserved_usd: float, spent_usd: float) -> None:
        """Give back a reservation and record what was spent."""
        await asyncio.to_thread(
            self._database.settle_spending, self._day, reserved_usd=reserved_usd, spent_usd=spent_usd
        )
