"""The batch sensor under test, with a server of its own that plays the provider."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest
from openai import OpenAI
from openai.types import Batch
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from summary_pipeline.database.batches import BatchRow, BatchState, open_batches
from summary_pipeline.database.own_models import AnswerBatch
from summary_pipeline.database.spending import spending_on
from summary_pipeline.defs.batch_sensor import BATCH_SENSOR
from summary_pipeline.local.openai_server.configuration import Behaviour
from summary_pipeline.local.openai_server.serving import RunningServer
from summary_pipeline.resources.factories import build_resources
from summary_pipeline_tests.defs.backfills import Backfills
from summary_pipeline_tests.defs.platform import Platform, snippets
from summary_pipeline_tests.waiting import eventually

ENDED = ("completed", "failed", "expired", "cancelled")
KEEPERS = "".join(
    f"Keeper {number} of the lighthouse on the cape wound the clockwork {number % 7 + 2} times a night. "
    for number in range(18)
)
"""About four chunks of 100 tokens."""
SHORT = "The lamp is lit at dusk."
"""One chunk."""


@dataclass(frozen=True)
class Batches:
    """What tests do: add videos, launch backfills, let time pass, and look at what came of it."""

    platform: Platform
    server: RunningServer
    monkeypatch: pytest.MonkeyPatch

    def add_video(self, video_id: int, text: str | None = KEEPERS) -> int:
        self.platform.add_video(video_id, snippets(text) if text is not None else None, status="ready")
        return video_id

    @property
    def backfills(self) -> Backfills:
        return Backfills(self.platform.defs, self.platform.instance)

    def request(self, *video_ids: int) -> str:
        """Launch a backfill whose runs wait; return its id."""
        return self.backfills.launch(*video_ids)

    def tick(self) -> str:
        """Evaluate the sensor and return what it says."""
        repository = self.platform.defs.get_repository_def()
        with dg.build_sensor_context(
            instance=self.platform.instance,
            repository_def=repository,
            resources=build_resources(),
            sensor_name=BATCH_SENSOR,
        ) as context:
            result = repository.get_sensor_def(BATCH_SENSOR)(context)
        assert isinstance(result, dg.SkipReason)
        return result.skip_message or ""

    def tick_until_settled(self) -> list[str]:
        """Tick, waiting for the provider in between, until no run waits and no row is open; return what was said."""
        said = []
        while self.backfills.waiting() or open_batches(self.platform.engine):
            said.append(self.tick())
            self.wait_for_provider()
            assert len(said) < 20, said
        return said

    def wait_for_provider(self) -> None:
        """Return when no batch is worked on any more."""
        eventually(self.submitted, "the batches' ends", until=lambda found: all(one.status in ENDED for one in found))

    def wait_until_all_is_answered(self) -> None:
        """Return when every request of every batch is answered, whether the batch has ended or not."""

        def is_answered(batch: Batch) -> bool:
            counts = batch.request_counts
            return counts is not None and 0 < counts.total == counts.completed

        eventually(self.submitted, "all answers", until=lambda found: all(map(is_answered, found)))

    def submitted(self) -> list[Batch]:
        """Return all batches that the provider has."""
        with self.client() as client:
            return list(client.batches.list())

    @contextlib.contextmanager
    def client(self) -> Iterator[OpenAI]:
        with OpenAI(base_url=self.server.base_url, api_key="any", max_retries=0) as opened:
            yield opened

    def row(self) -> BatchRow:
        """Return the only open row."""
        (row,) = open_batches(self.platform.engine)
        return row

    def rows(self) -> list[AnswerBatch]:
        """Return all rows, the finished ones too."""
        with Session(self.platform.engine) as session:
            return list(session.scalars(select(AnswerBatch).order_by(AnswerBatch.id)))

    def reserved_today(self) -> float:
        """Return what is set aside on this day (UTC), in US dollars."""
        return spending_on(self.platform.engine, datetime.now(UTC).date()).reserved_usd

    def let_time_pass(self) -> None:
        """Make postponed rows due."""
        with Session(self.platform.engine) as session:
            session.execute(update(AnswerBatch).values(due_at=func.now()))
            session.commit()

    def behave(self, **behaviour: Any) -> None:  # noqa: ANN401 - any field of a behaviour
        self.server.behave(Behaviour.model_validate(behaviour))

    def summarize(self, video_id: int) -> dict[str, Any]:
        """Run the job as the backfill does; return the document's provenance."""
        assert self.platform.summarize(video_id).success
        provenance: dict[str, Any] = self.platform.document(video_id)["provenance"]
        return provenance

    @property
    def live_calls(self) -> int:
        return int(self.server.statistics()["calls"])

    @property
    def calls_by_batch(self) -> int:
        return sum(self.server.statistics()["batch_statuses"].values())

    def states(self) -> list[BatchState]:
        return [BatchState(row.state) for row in self.rows()]
