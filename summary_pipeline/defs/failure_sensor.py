"""The sensor that tells the platform when a video could not be summarized.

Belongs here: from a failed run to ``videos.status``. Does not belong here: what counts as a failure (``failures``).
A sensor and not a hook in the run: a run whose worker was killed has failed too.
"""

from collections.abc import Sequence

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from summary_pipeline.defs.job import ASSETS, JOB_NAME
from summary_pipeline.defs.partitions import video_id_of
from summary_pipeline.defs.run_tags import EVENT_ID
from summary_pipeline.resources.database import Database

PARTITION = "dagster/partition"
WILL_RETRY = "dagster/will_retry"
OUR_ERRORS = "summary_pipeline."


@dg.run_failure_sensor(
    name="failed_summary_sensor",
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sets `videos.status` to `failed`, with a reason a person can act on, when a run has failed for good.",
)
def failed_summary_sensor(context: dg.RunFailureSensorContext, database: dg.ResourceParam[Database]) -> None:
    """Record one failed run. A skip reason would end the tick before the other failed runs, so none is given."""
    run = context.dagster_run
    if not is_about_a_video(run):
        return
    if run.tags.get(WILL_RETRY) == "true":
        context.log.info("Run %s will be tried again.", run.run_id)
        return
    video_id = video_id_of(run.tags[PARTITION])
    reason = failure_reason(context.get_step_failure_events(), run.run_id, context.failure_event)
    outcome = database.mark_failed(video_id, reason, event_id=run.tags.get(EVENT_ID), run_id=run.run_id)
    context.log.info("Run %s of video %s failed (%s): %s", run.run_id, video_id, outcome, reason)


def is_about_a_video(run: dg.DagsterRun) -> bool:
    """Tell whether a run materializes assets of one video."""
    keys = {key.to_user_string() for key in run.asset_selection or ()}
    return PARTITION in run.tags and (run.job_name == JOB_NAME or not keys.isdisjoint(ASSETS))


def failure_reason(
    step_failures: Sequence[dg.DagsterEvent], run_id: str, run_failure: dg.DagsterEvent | None = None
) -> str:
    """Return what the failing asset said, without a stack trace; the run's page has that."""
    for event in step_failures:
        data = event.step_failure_data
        if data.user_failure_data is not None and data.user_failure_data.description:
            return data.user_failure_data.description
        told = _told_by_us(data.error)
        name = data.error.cls_name if data.error and data.error.cls_name else "An error"
        return told or f"{name} while materializing {event.step_key}. See run {run_id} in the Dagster UI."
    # Before the first asset: a resource that could not be made, for example of settings that are missing on a worker.
    started = _told_by_us(run_failure.job_failure_data.error) if run_failure is not None else None
    return started or (
        f"The run ended without a result (its worker was stopped or lost). See run {run_id} in the Dagster UI."
    )


def _told_by_us(error: SerializableErrorInfo | None) -> str | None:
    """Return the message of the first of our own errors in a chain of causes; others may hold anything.

    Loading and storing between assets fails outside of their bodies, wrapped in Dagster's errors.
    """
    while error is not None:
        name, separator, text = error.message.strip().partition(": ")
        if separator and name.startswith(OUR_ERRORS):
            return text
        error = error.cause
    return None
