"""Answers fetched by batch, before the runs that need them: at half the price, within a day.

Belongs here: carrying videos from a request to stored answers, one bounded turn at a time. Does not belong here: what
is done about one row (``batch_steps``), the rows (``database.batches``), and the runs (``defs.batch_sensor``).

Whatever is stored is stored as a live call would have stored it, under the same key. What is missing in the end,
because it expired, failed or can't be used, is asked for by the run as always. docs/batches.md tells the whole story.
"""

import asyncio
import datetime as dt
import logging
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from summary_pipeline.database import batches
from summary_pipeline.database.batches import BatchRow
from summary_pipeline.database.errors import DatabaseError
from summary_pipeline.database.locks import batches_turn
from summary_pipeline.resources.batch_steps import BatchSteps, utc_now
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.object_store import ObjectStore
from summary_pipeline.resources.openai_batches import OpenAIBatches
from summary_pipeline.resources.summarizer import open_client, plan_of
from summary_pipeline.settings import Settings

logger = logging.getLogger(__name__)

TROUBLE_PAUSE: Final = dt.timedelta(minutes=1)
"""Also the time that a provider has to list a batch whose creation was cut off, before it is looked for."""
ANSWER_SECONDS: Final = 20.0
"""How long an answer of the provider is waited for once a turn's time is over. The turn, this and telling runs of ends
come to less than the 60 s at which Dagster cuts a tick."""
NOT_ITS_TURN: Final = "Another tick is still at work on the batches."


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn did, for its log, the rows whose runs are to be told now, and what went wrong with others."""

    happened: tuple[str, ...] = ()
    ended: tuple[BatchRow, ...] = ()
    errors: tuple[Exception, ...] = ()


class AnswerBatches:
    """Fetches answers by batch for as many videos as wait. Holds no connection: each turn opens a client."""

    def __init__(self, settings: Settings, objects: ObjectStore, database: Database) -> None:
        self._settings = settings
        self._objects = objects
        self._database = database

    def advance(self, awaited: Mapping[int, str], seconds: float) -> Turn:
        """Do what can be done about the open batches; nothing but say so where another turn is under way.

        Args:
            awaited: Videos for whose answers runs wait, and the backfills of these, in the order of the runs. Those
                that are in no batch yet are asked for.
            seconds: How long something new may be begun. A request to the provider that is under way by then has
                ``ANSWER_SECONDS`` more.

        Raises:
            DatabaseError: the database is in trouble. What was done stays done, and the next turn goes on from there.
        """
        engine = self._database.engine
        with batches_turn(engine) as is_mine:
            if not is_mine:
                return Turn((NOT_ITS_TURN,))
            if awaited:
                batches.request_batches(engine, awaited)
            if not batches.due_batches(engine):
                return Turn()
            return asyncio.run(self._advance(awaited, seconds))

    def record_told(self, row: BatchRow) -> None:
        """Remember that the runs of ``row`` were told of its end.

        Raises:
            DatabaseError: the database could not answer.
        """
        batches.record_told(self._database.engine, row)

    async def _advance(self, awaited: Collection[int], seconds: float) -> Turn:
        engine = self._database.engine
        deadline = time.monotonic() + seconds
        happened: list[str] = []
        errors: list[Exception] = []
        async with self._steps(seconds, deadline) as steps:
            for row in batches.due_batches(engine):
                if time.monotonic() >= deadline:
                    break
                try:
                    is_awaited = any(video_id in awaited for video_id in row.video_ids)
                    happened.append(f"Batch {row.id}: {await steps.step(row, is_awaited=is_awaited)}")
                except DatabaseError:
                    raise
                except Exception as error:
                    # Whatever it is, the others shall not wait for it. Where it got to stays as it was recorded.
                    logger.exception("Batch %d is tried again later.", row.id)
                    error.add_note(f"Met at batch {row.id}, which is tried again later.")
                    errors.append(error)
                    batches.put_off(engine, row.id, utc_now() + TROUBLE_PAUSE, str(error))
        ended = (row for row in batches.due_batches(engine) if row.state in batches.ENDS)
        return Turn(tuple(happened), tuple(ended), tuple(errors))

    @asynccontextmanager
    async def _steps(self, seconds: float, deadline: float) -> AsyncIterator[BatchSteps]:
        plan = plan_of(self._settings.pipeline)
        async with open_client(self._settings) as client:
            provider = OpenAIBatches(client, plan.registry, seconds=seconds + ANSWER_SECONDS)
            yield BatchSteps(self._settings, self._objects, self._database, provider, deadline)
