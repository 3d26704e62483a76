"""Runs of large backfills that stay in the queue until a batch has brought their answers.

Belongs here: the tag that holds them back, which runs get it, and what becomes of them in the end. Does not belong
here: the batches (``resources.answer_batches``), and submitting runs (``deployment.run_queue``).

A held run is QUEUED like any other: ``dagster.yaml`` lets none out of the queue whose tag ``ANSWERS`` is ``AWAITED``.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import dagster as dg

from summary_pipeline.defs.job import CHUNK_SUMMARIES, JOB_NAME
from summary_pipeline.defs.partitions import PARTITION_TAG, is_video, video_id_of
from summary_pipeline.defs.run_retries import BACKFILL

ANSWERS: Final = "summary_pipeline/answers_by_batch"
AWAITED: Final = "awaited"
SETTLED: Final = "settled"
"""The run may start: what a batch could bring is there, and the rest is asked for live."""


def awaits_answers(run: dg.DagsterRun, *, backfill_size: int, batch_from: int | None) -> bool:
    """Decide whether a run that is about to be queued waits for a batch.

    It does where it belongs to a large backfill and will ask about the chunks of one video. One that repeats an earlier
    run does not: what a batch could bring, it brought then, or a person wants the run now.

    Args:
        run: The run, before it is queued.
        backfill_size: Partitions of its backfill, 0 for a run of none.
        batch_from: ``SUMMARY_BATCH_FROM``.
    """
    if batch_from is None or backfill_size < batch_from or run.parent_run_id is not None:
        return False
    if not is_video(run.tags.get(PARTITION_TAG, "")):
        return False
    selected = run.asset_selection
    return dg.AssetKey(CHUNK_SUMMARIES) in selected if selected else run.job_name == JOB_NAME


def runs_awaiting_answers(instance: dg.DagsterInstance) -> Mapping[int, Sequence[dg.DagsterRun]]:
    """Return the runs that are held back, by their video, in the order in which they were queued."""
    found: dict[int, list[dg.DagsterRun]] = {}
    held = dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED], tags={ANSWERS: AWAITED})
    for run in instance.get_runs(held, ascending=True):
        found.setdefault(video_id_of(run.tags[PARTITION_TAG]), []).append(run)
    return found


def backfill_of(run: dg.DagsterRun) -> str:
    """Return the id of the backfill that a held run belongs to."""
    return run.tags[BACKFILL]


def let_start(instance: dg.DagsterInstance, run: dg.DagsterRun, note: str) -> None:
    """Let a run out of the queue; its page says ``note``."""
    instance.report_engine_event(note, run)
    instance.add_run_tags(run.run_id, {ANSWERS: SETTLED})


def cancel(instance: dg.DagsterInstance, run: dg.DagsterRun, note: str) -> None:
    """End a run that has not started; its page says ``note``."""
    instance.report_engine_event(note, run)
    instance.run_coordinator.cancel_run(run.run_id)
