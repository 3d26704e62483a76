"""What one call may cost, attempt by attempt.

Belongs here: setting the money aside, and telling what may have been spent of it. Does not belong here: prices and
budgets (``cost``), making attempts (``pacing``).
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from summary_pipeline.summarization.cost import Budget
from summary_pipeline.summarization.language_model import LanguageModelError, UnansweredError


class Expense:
    """The ``Attempts`` of one call, each of which may cost ``usd``: so much is set aside in all ``budgets`` before it.

    An attempt that went out and brought no answer counts in full, since the provider may have carried it out: one that
    timed out, or was cancelled. One that the provider refused, or that never went out, counts as nothing.
    """

    def __init__(self, budgets: Sequence[Budget] = (), usd: float = 0.0) -> None:
        self._budgets = budgets
        self._usd = usd
        self._holding: list[Budget] = []
        self._is_lost = False
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self.lost_usd = 0.0
        """What attempts without an answer may have cost."""

    async def before(self) -> None:
        """Set aside what an attempt may cost, unless what was set aside for the one before it is still there.

        Raises:
            CostLimitError: a budget does not allow it.
        """
        if self._is_lost:
            await self.settle()
        for budget in self._budgets[len(self._holding) :]:
            await budget.reserve(self._usd)
            self._holding.append(budget)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """See ``Attempts.under_way``."""
        self._at_rest.clear()
        try:
            yield
        except BaseException as error:
            if isinstance(error, UnansweredError) or not isinstance(error, LanguageModelError):
                self._is_lost = True
                self.lost_usd += self._usd
            raise
        finally:
            self._at_rest.set()

    async def at_rest(self) -> None:
        """Return once no attempt is under way."""
        await self._at_rest.wait()

    async def settle(self, answer_usd: float = 0.0) -> None:
        """Give back what is set aside and record what was spent: ``answer_usd``, unless the last attempt was lost."""
        spent_usd = self._usd if self._is_lost else answer_usd
        self._is_lost = False
        while self._holding:
            await self._holding.pop(0).settle(reserved_usd=self._usd, spent_usd=spent_usd)
