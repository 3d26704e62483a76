"""The sensor that tells the platform when a video could not be summarized.

Belongs here: from a failed run to ``videos.status``. Does not belong here: what counts as a failure (``failures``),
whether a retry takes a failed run's place (``run_retries``).

A sensor and not a hook in the run: a run whose worker was killed has failed too. And not Dagster's run-failure sensor,
which passes over a failure that it could not tell (``failure_cursor``).

Two failures are no more than a line on a run's page, which is deleted one day: those of videos that are not there, and
those of runs that ended without a word. Their events are dead-lettered as well, so that they can be replayed.
"""

import time
from collections.abc import Sequence
from typing import Final

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from summary_pipeline.database.errors import TransientDatabaseError, UnexpectedStatusError
from summary_pipeline.database.failures import FailureOutcome
from summary_pipeline.defs.failure_cursor import FailureCursor, parse_failure_cursor
from summary_pipeline.defs.giving_up import KAFKA_TROUBLE, event_of, keep_dead_letters
from summary_pipeline.defs.job import ASSETS, JOB_NAME
from summary_pipeline.defs.partitions import PARTITION_TAG, video_id_of
from summary_pipeline.defs.run_retries import Following, first_run_id, what_follows
from summary_pipeline.defs.run_tags import EVENT_ID, EventOrigin
from summary_pipeline.intake.dead_letters import given_up_letter
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.kafka import Kafka

FAILURE_SENSOR: Final = "failed_summary_sensor"
#: Failed runs that one tick takes up.
FAILURES_PER_TICK: Final = 50
OUR_ERRORS: Final = "summary_pipeline."
RUN_FAILURE: Final = dg.DagsterEventType.RUN_FAILURE


@dg.sensor(
    name=FAILURE_SENSOR,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sets `videos.status` to `failed`, with a reason a person can act on, when a run has failed for good.",
)
def failed_summary_sensor(
    context: dg.SensorEvaluationContext, database: dg.ResourceParam[Database], kafka: dg.ResourceParam[Kafka]
) -> dg.SensorResult:
    """Record the runs that have failed since the last tick, the oldest first.

    Raises:
        TransientDatabaseError: the database did not answer for the first of them. The cursor stays where it is.
        DeliveryError, KafkaException, TopicCreationError: the same for the dead letter that the first of them needs.
    """
    before = cursor = parse_failure_cursor(context.cursor)
    records = failures(context.instance, cursor)
    cursor = cursor.without_deleted(record.storage_id for record in records)
    told = 0
    for record in records:
        run = context.instance.get_run_by_id(record.run_id)
        if run is not None and is_about_a_video(run):
            age = time.time() - record.event_log_entry.timestamp
            following = what_follows(run, context.instance, seconds_since_failure=age)
            if following is Following.UNDECIDED:
                cursor = cursor.with_undecided(record.storage_id)
                continue
            if following is Following.NOTHING:
                try:
                    _tell(context, database, kafka, run, record)
                except (TransientDatabaseError, *KAFKA_TROUBLE) as error:
                    if cursor == before:
                        raise
                    context.log.warning("Run %s is not recorded yet; the next tick goes on: %s", run.run_id, error)
                    break
                told += 1
        cursor = cursor.with_done(record.storage_id)
    return dg.SensorResult(
        skip_reason=dg.SkipReason(f"{told} failed run(s) recorded." if told else "No run has failed for good."),
        cursor=cursor.model_dump_json(),
    )


def failures(instance: dg.DagsterInstance, cursor: FailureCursor) -> list[dg.EventLogRecord]:
    """Return the failures that are to be looked at: those put off, then those that are new, the oldest first."""
    put_off: list[dg.EventLogRecord] = []
    if cursor.undecided:
        known = dg.RunStatusChangeRecordsFilter(RUN_FAILURE, storage_ids=sorted(cursor.undecided))
        put_off += instance.fetch_run_status_changes(known, limit=len(cursor.undecided), ascending=True).records
    later = dg.RunStatusChangeRecordsFilter(RUN_FAILURE, after_storage_id=cursor.after)
    found = instance.fetch_run_status_changes(later, limit=len(cursor.done) + FAILURES_PER_TICK, ascending=True)
    return put_off + [record for record in found.records if cursor.is_new(record.storage_id)]


def _tell(
    context: dg.SensorEvaluationContext, database: Database, kafka: Kafka, run: dg.DagsterRun, record: dg.EventLogRecord
) -> None:
    """Write one failure down. One that can never be written is logged, so that those behind it are told."""
    steps = context.instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    events = [event for entry in steps if (event := entry.event_log_entry.dagster_event) is not None]
    run_failure = record.event_log_entry.dagster_event
    reason = failure_reason(events, run.run_id, run_failure)
    try:
        video_id = video_id_of(run.tags[PARTITION_TAG])
        outcome = database.mark_failed(
            video_id,
            reason,
            event_id=run.tags.get(EVENT_ID),
            run_id=run.run_id,
            first_run_id=first_run_id(run, context.instance.get_run_by_id),
        )
    except (dg.Failure, UnexpectedStatusError):
        context.log.exception("Run %s failed (%s), which can't be recorded.", run.run_id, reason)
        return
    context.log.info("Run %s of video %s failed (%s): %s", run.run_id, video_id, outcome, reason)
    origin = EventOrigin.from_tags(run.tags)
    if origin is not None and is_given_up(outcome, ended_silently=ended_silently(events, run_failure)):
        keep_dead_letters([given_up_letter(event_of(origin), reason)], database, kafka)


def is_given_up(outcome: FailureOutcome, *, ended_silently: bool) -> bool:
    """Tell whether the event of a failed run becomes a dead letter."""
    if outcome is FailureOutcome.ALREADY_PROCESSED:
        return False
    return ended_silently or outcome is FailureOutcome.UNKNOWN_VIDEO


def ended_silently(step_failures: Sequence[dg.DagsterEvent], run_failure: dg.DagsterEvent | None) -> bool:
    """Tell whether a run ended without saying why: its worker was stopped or lost, and run retries were used up."""
    return not step_failures and _told_at_start(run_failure) is None


def is_about_a_video(run: dg.DagsterRun) -> bool:
    """Tell whether a run materializes assets of one video."""
    keys = {key.to_user_string() for key in run.asset_selection or ()}
    return PARTITION_TAG in run.tags and (run.job_name == JOB_NAME or not keys.isdisjoint(ASSETS))


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
    return _told_at_start(run_failure) or (
        f"The run ended without a result (its worker was stopped or lost). See run {run_id} in the Dagster UI."
    )


def _told_at_start(run_failure: dg.DagsterEvent | None) -> str | None:
    """Return what was wrong before the first asset, for example settings that are missing on a worker."""
    # A run that was failed from outside, by run monitoring for example, has no data.
    if run_failure is None or run_failure.event_specific_data is None:
        return None
    return _told_by_us(run_failure.job_failure_data.error)


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
