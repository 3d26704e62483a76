"""The sensor that finds events which Kafka no longer holds, or whose run was never launched.

Belongs here: requesting runs for them, a bounded number of times. Does not belong here: finding them (``database``).
"""

from collections.abc import Sequence

import dagster as dg

from summary_pipeline.contract.events import VideoTranscribed
from summary_pipeline.defs.job import JOB_NAME
from summary_pipeline.defs.partitions import partition_key, videos
from summary_pipeline.defs.requests import LOST_EVENT_SENSOR, is_under_way, runs_in_flight, runs_of_event
from summary_pipeline.defs.run_tags import FRESH_VIDEO_PRIORITY, EventOrigin
from summary_pipeline.resources.database import Database
from summary_pipeline.settings import Settings


@dg.sensor(
    name=LOST_EVENT_SENSOR,
    job_name=JOB_NAME,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests runs for `video.transcribed` events that the database knows and that had no effect.",
)
def lost_event_sensor(
    context: dg.SensorEvaluationContext,
    database: dg.ResourceParam[Database],
    settings: dg.ResourceParam[Settings],
) -> dg.SensorResult:
    """Look for lost events; request a run for each that has none under way, or give it up after too many."""
    limits = settings.pipeline
    room = limits.summary_max_runs_in_flight - runs_in_flight(context.instance)
    requests: list[dg.RunRequest] = []
    for event in database.lost_events(older_than_seconds=limits.summary_sweep_after_seconds):
        runs = runs_of_event(context.instance, event.id)
        if is_under_way(runs):
            continue
        given_up = reason_to_give_up(runs, most=limits.summary_sweep_attempts)
        if given_up is not None:
            context.log.error("Event %s of video %s is given up: %s", event.id, event.video_id, given_up)
            database.mark_failed(event.video_id, given_up, event_id=event.id, run_id=runs[0].run_id)
        elif len(requests) < room:
            requests.append(_run_request(event, attempt=len(runs) + 1))
    keys = [request.partition_key for request in requests if request.partition_key is not None]
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else dg.SkipReason("No event is lost."),
        dynamic_partitions_requests=[videos.build_add_request(keys)] if keys else [],
    )


def reason_to_give_up(runs: Sequence[dg.DagsterRun], *, most: int) -> str | None:
    """Return why no further run is requested for an event that had ``runs`` (newest first), or None."""
    if runs and runs[0].status is dg.DagsterRunStatus.CANCELED:
        return f"Run {runs[0].run_id} was terminated. Re-execute it in the Dagster UI to summarize the video."
    if len(runs) >= most:
        return f"{len(runs)} runs ended without a result, the last one is {runs[0].run_id}. See it in the Dagster UI."
    return None


def _run_request(event: VideoTranscribed, *, attempt: int) -> dg.RunRequest:
    origin = EventOrigin(
        event_id=event.id,
        video_id=event.video_id,
        transcript_key=event.transcript_file_key,
        ts=event.ts,
        snippet_count=event.snippet_count,
    )
    return dg.RunRequest(
        run_key=f"{event.id}:found-again:{attempt}",
        partition_key=partition_key(event.video_id),
        tags={**FRESH_VIDEO_PRIORITY, **origin.to_tags()},
    )
