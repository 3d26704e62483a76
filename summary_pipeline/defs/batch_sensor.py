"""The sensor that fetches answers by batch for the runs that wait for them.

Belongs here: a tick. Does not belong here: the batches (``resources.answer_batches``), and how runs are held and let go
(``awaiting_runs``).
"""

import time
from collections.abc import Sequence
from typing import Final

import dagster as dg

from summary_pipeline.database.batches import BatchRow, BatchState
from summary_pipeline.defs.awaiting_runs import backfill_of, cancel, let_start, runs_awaiting_answers
from summary_pipeline.resources.answer_batches import AnswerBatches

BATCH_SENSOR: Final = "answer_batches_sensor"
TURN_SECONDS: Final = 20.0
"""A tick is cut at 60 s; what one turn can't finish, the next one goes on with."""
TELLING_SECONDS: Final = 10.0
"""The same for telling runs, of which two hundred take a second."""


@dg.sensor(
    name=BATCH_SENSOR,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Takes large backfills through the provider's Batch API, and lets their runs out of the queue once a "
    "batch has ended (docs/batches.md). Does nothing where no run waits for a batch.",
)
def answer_batches_sensor(
    context: dg.SensorEvaluationContext, answer_batches: dg.ResourceParam[AnswerBatches]
) -> dg.SkipReason:
    """Ask for what runs wait for, carry the open batches on, and tell runs how theirs ended. Requests no runs."""
    awaiting = runs_awaiting_answers(context.instance)
    awaited = {video_id: backfill_of(runs[0]) for video_id, runs in awaiting.items()}
    turn = answer_batches.advance(awaited, TURN_SECONDS)
    for line in turn.happened:
        context.log.info(line)
    deadline = time.monotonic() + TELLING_SECONDS
    for row in turn.ended:
        runs = [run for video_id in row.video_ids for run in awaiting.get(video_id, ())]
        told = _tell(context.instance, row, runs, deadline)
        if told == len(runs):
            answer_batches.record_told(row)
        context.log.info("Batch %s: %s of %s runs %s.", row.id, told, len(runs), _VERBS[row.state])
    if turn.errors:
        raise turn.errors[0]  # the tick fails, so that people see it; it is tried again
    return dg.SkipReason(" ".join(turn.happened) or "No batch needs anything.")


_VERBS: Final = {BatchState.ANSWERED: "may start", BatchState.STOPPING: "were cancelled"}


def _tell(instance: dg.DagsterInstance, row: BatchRow, runs: Sequence[dg.DagsterRun], deadline: float) -> int:
    """Let runs that wait for ``row`` start, or cancel them, as far as the time allows; return how many were told."""
    note = f"Batch {row.id} ({row.batch_id or 'not submitted'}): {row.note or ''}".strip()
    for told, run in enumerate(runs):
        if time.monotonic() > deadline:
            return told
        if row.state is BatchState.STOPPING:
            cancel(instance, run, note)
        else:
            let_start(instance, run, note)
    return len(runs)
