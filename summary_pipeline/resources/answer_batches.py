"""Answers fetched by batch, before the runs that need them: at half the price, within a day.

Belongs here: carrying videos from a request to stored answers, one bounded turn at a time. Does not belong here: what
is done about one row (``batch_steps``), the rows (``database.batches``), and starting the runs (``defs.batch_sensor``).

Whatever is stored is stored as a live call would have stored it, under the same key. What is missing in the end,
because it expired, failed or can't be used, is asked for by the run as always. docs/batches.md tells the whole story.
"""

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from summary_pipeline.database import batches
from summary_pipeline.database.batches import BatchRow, BatchState
from summary_pipeline.database.locks import batches_turn
from summary_pipeline.resources.batch_steps import BatchSteps, utc_now
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.object_store import ObjectStore, ObjectStoreError
from summary_pipeline.resources.openai_batches import OpenAIBatches
from summary_pipeline.resources.summarizer import open_client, plan_of
from summary_pipeline.settings import Settings
from summary_pipeline.summarization.batching import reason_against_batches
from summary_pipeline.summarization.language_model import LanguageModelError

TROUBLE_PAUSE: Final = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn did, for its log, the rows whose runs can start now, and what went wrong with others."""

    happened: tuple[str, ...] = ()
    answered: tuple[BatchRow, ...] = ()
    errors: tuple[LanguageModelError | ObjectStoreError, ...] = ()


class AnswerBatches:
    """Fetches answers by batch for as many videos as wait. Holds no connection: each turn opens a client."""

    def __init__(self, settings: Settings, objects: ObjectStore, database: Database) -> None:
        self._settings = settings
        self._objects = objects
        self._database = database

    def reason_against(self, video_count: int) -> str | None:
        """Return why calls about so many videos shall be made live, None where they shall go by batch.

        Raises:
            ModelConfigurationError: the model registry's file can't be used.
        """
        least = self._settings.pipeline.summary_batch_from
        if least is None:
            return "SUMMARY_BATCH_FROM is not set."
        if video_count < least:
            return f"SUMMARY_BATCH_FROM is {least}."
        plan = plan_of(self._settings.pipeline)
        return reason_against_batches(plan.parameters, plan.spec)

    def request(self, video_ids: Sequence[int], *, description: str) -> list[int]:
        """Ask for batches about ``video_ids`` and for runs afterwards; return those that did not wait already.

        Raises:
            DatabaseError: the database could not answer.
        """
        return batches.request_batches(self._database.engine, video_ids, description=description)

    def advance(self, seconds: float) -> Turn:
        """Do what can be done about the open batches within about ``seconds``; nothing where another process does.

        Raises:
            DatabaseError: the database is in trouble. What was done stays done, and the next turn goes on from there.
        """
        with batches_turn(self._database.engine) as is_mine:
            if not is_mine or not batches.due_batches(self._database.engine):
                return Turn()
            return asyncio.run(self._advance(time.monotonic() + seconds))

    def record_launched(self, row: BatchRow, backfill_id: str) -> None:
        """Remember that the runs of ``row`` were asked for.

        Raises:
            DatabaseError: the database could not answer.
        """
        batches.record_launched(self._database.engine, row.id, backfill_id)

    async def _advance(self, deadline: float) -> Turn:
        engine = self._database.engine
        happened: list[str] = []
        errors: list[LanguageModelError | ObjectStoreError] = []
        async with self._steps(deadline) as steps:
            for row in batches.due_batches(engine):
                if time.monotonic() >= deadline:
                    break
                try:
                    happened.append(f"Batch {row.id}: {await steps.step(row)}")
                except (LanguageModelError, ObjectStoreError) as error:
                    # The others shall not wait for it. Where it got to stays as it was recorded.
                    errors.append(error)
                    batches.put_off(engine, row.id, utc_now() + TROUBLE_PAUSE, str(error))
        answered = (row for row in batches.due_batches(engine) if row.state is BatchState.ANSWERED)
        return Turn(tuple(happened), tuple(answered), tuple(errors))

    @asynccontextmanager
    async def _steps(self, deadline: float) -> AsyncIterator[BatchSteps]:
        plan = plan_of(self._settings.pipeline)
        async with open_client(self._settings) as client:
            yield BatchSteps(
                self._settings, self._objects, self._database, OpenAIBatches(client, plan.registry), deadline
            )
