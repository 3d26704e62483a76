"""Dagster's run queue, where runs of large backfills wait for answers by batch.

Belongs here: what happens as a run is queued. Does not belong here: which runs wait and until when
(``defs.awaiting_runs``), how many run at once (``dagster.yaml``).

Whoever launches a backfill, its runs are queued by Dagster's daemon, one by one, here. It is the only place that sees
every run before it can start.
"""

import functools

import dagster as dg
from dagster._core.run_coordinator import QueuedRunCoordinator, SubmitRunContext
from typing_extensions import override

from summary_pipeline.defs.awaiting_runs import ANSWERS, AWAITED, SETTLED, awaits_answers
from summary_pipeline.defs.run_retries import BACKFILL
from summary_pipeline.settings import PipelineSettings, load_group


class BatchingRunCoordinator(QueuedRunCoordinator[dg.DagsterInstance]):
    """What ``dagster.yaml`` names as run coordinator. Its configuration is that of ``QueuedRunCoordinator``."""

    @functools.cached_property
    def _sizes(self) -> dict[str, int]:
        """Partitions by backfill: counting them takes time in proportion, and each of its runs asks."""
        return {}

    @override
    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        run = context.dagster_run
        if run.status is dg.DagsterRunStatus.NOT_STARTED:
            if self._awaits_answers(context):
                self._instance.add_run_tags(run.run_id, {ANSWERS: AWAITED})
                self._instance.report_engine_event(
                    "The run waits in the queue for answers by batch (SUMMARY_BATCH_FROM).", run
                )
            elif run.tags.get(ANSWERS) == AWAITED:  # copied from the run that this one repeats
                self._instance.add_run_tags(run.run_id, {ANSWERS: SETTLED})
        return super().submit_run(context)

    def _awaits_answers(self, context: SubmitRunContext) -> bool:
        run = context.dagster_run
        backfill_id = run.tags.get(BACKFILL)
        if backfill_id is None:
            return False
        if backfill_id not in self._sizes:
            backfill = self._instance.get_backfill(backfill_id)
            self._sizes[backfill_id] = (backfill.get_num_partitions(context.workspace) if backfill else None) or 0
        batch_from = load_group(PipelineSettings).summary_batch_from
        return awaits_answers(run, backfill_size=self._sizes[backfill_id], batch_from=batch_from)
