"""Judges of summaries, wired to the OpenAI API.

Belongs here: from settings to a ``Judge``. Does not belong here: judging, and which summaries are judged.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from summary_pipeline.database.spending import Ledger
from summary_pipeline.resources.daily_budget import DailyDatabaseBudget
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.summarizer import open_client, paced_model, plan_of
from summary_pipeline.settings import Settings
from summary_pipeline.summarization.model_registry import require_usable
from summary_pipeline.summarization.quality.judge import Judge


@dataclass(frozen=True, slots=True)
class JudgeFactory:
    """Opens judges. Holds no connection itself: an HTTP client belongs to the event loop that uses it."""

    settings: Settings
    database: Database

    @asynccontextmanager
    async def open(self, model: str) -> AsyncIterator[Judge]:
        """Yield a judge that asks ``model``, and close its client afterwards.

        Raises:
            ModelEndedError: the model is past its end date.
        """
        pipeline = self.settings.pipeline
        registry = plan_of(pipeline).registry
        spec = registry.lookup(model)
        require_usable(spec, today=datetime.now(UTC).date())
        client = open_client(self.settings)
        async with client:
            yield Judge(
                paced_model(client, registry, model, pipeline),
                spec=spec,
                budget=self._daily_budget(),
                at_once=pipeline.summary_concurrency,
            )

    def _daily_budget(self) -> DailyDatabaseBudget | None:
        limit = self.settings.pipeline.summary_judge_max_cost_per_day_usd
        if limit is None:
            return None
        return DailyDatabaseBudget(self.database, limit, day=datetime.now(UTC).date(), ledger=Ledger.JUDGEMENTS)
