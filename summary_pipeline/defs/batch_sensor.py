"""The sensor that fetches answers by batch and then starts the runs that need them.

Belongs here: a tick, and the asset backfill. Does not belong here: the batches (``resources.answer_batches``).
"""

import time
import uuid
from typing import Final

import dagster as dg
from dagster._core.execution.backfill import PartitionBackfill

from summary_pipeline.database.batches import BatchRow
from summary_pipeline.defs.job import ASSETS, JUDGEMENT
from summary_pipeline.defs.partitions import partition_key, videos
from summary_pipeline.resources.answer_batches import AnswerBatches

BATCH_SENSOR: Final = "answer_batches_sensor"
TURN_SECONDS: Final = 20.0
"""A tick is cut at 60 s; what one turn can't finish, the next one goes on with."""
_BACKFILLS: Final = uuid.UUID("6b1f2b0e-4f2c-4f39-9a63-0d4a3a4a2f57")
"""Namespace of the ids of backfills."""


@dg.sensor(
    name=BATCH_SENSOR,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Takes large backfills through the provider's Batch API, then launches an asset backfill for each "
    "batch that has ended (docs/batches.md). Does nothing where no batch was asked for.",
)
def answer_batches_sensor(
    context: dg.SensorEvaluationContext, answer_batches: dg.ResourceParam[AnswerBatches]
) -> dg.SkipReason:
    """Carry the open batches on; launch the runs of those that are done. Runs come by the backfill, not the tick."""
    turn = answer_batches.advance(TURN_SECONDS)
    for line in turn.happened:
        context.log.info(line)
    for row in turn.answered:
        backfill_id = _launch(context, row)
        answer_batches.record_launched(row, backfill_id)
        context.log.info("Batch %s: its %s videos are backfill %s.", row.id, len(row.video_ids), backfill_id)
    if turn.errors:
        raise turn.errors[0]  # the tick fails, so that people see it; it is tried again
    return dg.SkipReason(" ".join(turn.happened) or "No batch needs anything.")


def backfill_id_of(row: BatchRow) -> str:
    """Return the id of the backfill for ``row``: the same one each time, so that a repeated tick finds it."""
    return uuid.uuid5(_BACKFILLS, f"{row.id} {row.created_at.isoformat()}").hex[:12]


def _launch(context: dg.SensorEvaluationContext, row: BatchRow) -> str:
    """Have all assets made for the row's videos as the UI would, unless an earlier tick did; return the id."""
    backfill_id = backfill_id_of(row)
    if context.instance.get_backfill(backfill_id) is not None:
        return backfill_id
    repository = context.repository_def
    if repository is None:
        raise dg.DagsterInvariantViolationError("The sensor was evaluated without its repository.")
    keys = [partition_key(video_id) for video_id in row.video_ids]
    context.instance.add_dynamic_partitions(str(videos.name), keys)
    context.instance.add_backfill(
        PartitionBackfill.from_asset_partitions(
            backfill_id=backfill_id,
            asset_graph=repository.asset_graph,
            partition_names=keys,
            asset_selection=[key for key in map(dg.AssetKey, (*ASSETS, JUDGEMENT)) if repository.asset_graph.has(key)],
            backfill_timestamp=time.time(),
            tags={},
            dynamic_partitions_store=context.instance,
            all_partitions=False,
            title=f"Summarize {len(keys)} video(s) again, answers by batch",
            description=f"{row.description} {row.note or ''}".strip(),
            run_config=None,
        )
    )
    return backfill_id
