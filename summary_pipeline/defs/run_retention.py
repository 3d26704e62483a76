"""Old runs of videos are deleted at night, and the partitions of videos that have no run left.

Belongs here: what is deleted from Dagster, the job and its schedule. Does not belong here: what is kept of a summary,
which PostgreSQL and S3 hold for ever.

Dagster keeps the events of every run, about 175 KB a video, and deletes none by itself; its pages of partitions get
slow from some 100,000 keys on. Runs of reports stay: there are few, and people look for them. So do the verdicts of
asset checks, which Dagster can't delete. Neither an event that comes again nor ``summary-pipeline resummarize`` needs
what is deleted: what had its effect is in ``processed_messages``, and a partition that is missing is added.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import dagster as dg
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus

from summary_pipeline.defs.partitions import PARTITION_TAG, is_video, videos

JOB_NAME: Final = "delete_old_runs"
_PAGE: Final = 200
_LONGEST_SECONDS: Final = 600.0
"""What is left then is deleted in the next nights: a worker is for summaries."""
_AT_NIGHT: Final = "0 3 * * *"
_FINISHED: Final = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many runs and partitions are gone, and whether there was no time for all of them."""

    runs: int
    partitions: int
    more: bool


def build_run_retention(*, days: int, time_zone: str) -> dg.Definitions:
    """Return the job that deletes what is older than ``days``, and the schedule that runs it in the night."""

    @dg.op(description=f"Deletes finished runs of videos that are older than {days} days.")
    def old_runs(context: dg.OpExecutionContext) -> None:
        before = datetime.now(UTC) - timedelta(days=days)
        deleted = delete_old_runs(context.instance, before, until=time.monotonic() + _LONGEST_SECONDS)
        context.log.info(
            "Deleted what is older than %s: %d runs, and %d partitions without a run.%s",
            *(before.date(), deleted.runs, deleted.partitions),
            " There are more, for the next night." if deleted.more else "",
        )

    @dg.job(
        name=JOB_NAME,
        executor_def=dg.in_process_executor,
        description=f"Deletes finished runs of videos that are older than {days} days (SUMMARY_RUN_RETENTION_DAYS).",
    )
    def deletion() -> None:
        old_runs()

    schedule = dg.ScheduleDefinition(
        name=f"{JOB_NAME}_schedule",
        job=deletion,
        cron_schedule=_AT_NIGHT,
        execution_timezone=time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Deletes old runs of videos in the night.",
    )
    return dg.Definitions(jobs=[deletion], schedules=[schedule])


def delete_old_runs(instance: dg.DagsterInstance, before: datetime, *, until: float) -> Deleted:
    """Delete finished runs of videos that were made before ``before``, the oldest first, and partitions without a run.

    Each deletion stands for itself: where this is interrupted, the next one goes on. It ends at ``until``, in seconds
    of the monotonic clock, and while a backfill is under way: Dagster gives up the whole of one that has lost a
    partition for which it had made no run yet.
    """
    runs = partitions = 0
    after: datetime | None = None
    while records := _finished(instance, after, before):
        if instance.get_backfills(BulkActionsFilter(statuses=[BulkActionStatus.REQUESTED]), limit=1):
            return Deleted(runs, partitions, more=True)
        old = {record.dagster_run.run_id: record.dagster_run.tags.get(PARTITION_TAG, "") for record in records}
        for run_id in (run_id for run_id, key in old.items() if is_video(key)):
            if time.monotonic() > until:
                return Deleted(runs, partitions, more=True)
            instance.delete_run(run_id)
            runs += 1
            partitions += _delete_partition_without_run(instance, old[run_id])
        # Behind the newest one that was looked at: what is no video's stays, and would be found again.
        after = records[-1].create_timestamp
    return Deleted(runs, partitions, more=False)


def _finished(instance: dg.DagsterInstance, after: datetime | None, before: datetime) -> list[dg.RunRecord]:
    made = dg.RunsFilter(statuses=list(_FINISHED), created_after=after, created_before=before)
    return list(instance.get_run_records(made, limit=_PAGE, order_by="create_timestamp", ascending=True))


def _delete_partition_without_run(instance: dg.DagsterInstance, key: str) -> bool:
    if instance.get_runs_count(dg.RunsFilter(tags={PARTITION_TAG: key})):
        return False
    instance.delete_dynamic_partition(str(videos.name), key)
    return True
