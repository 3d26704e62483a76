"""The sensor that finds events which Kafka no longer holds, or whose run was never launched.

Belongs here: requesting runs for them, a bounded number of times. Does not belong here: finding them (``database``).
"""

import dagster as dg

from summary_pipeline.contract.events import VideoTranscribed
from summary_pipeline.defs.job import IN_FLIGHT, JOB_NAME
from summary_pipeline.defs.partitions import partition_key, videos
from summary_pipeline.defs.run_tags import EVENT_ID, FRESH_VIDEO_PRIORITY, EventOrigin
from summary_pipeline.resources.database import Database
from summary_pipeline.settings import Settings


@dg.sensor(
    name="lost_event_sensor",
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
    """Look for lost events and request a run for each that has none in flight and tries left."""
    limits = settings.pipeline
    requests: list[dg.RunRequest] = []
    for event in database.lost_events(older_than_seconds=limits.summary_sweep_after_seconds):
        runs = context.instance.get_runs(dg.RunsFilter(tags={EVENT_ID: event.id}))
        if any(run.status in IN_FLIGHT for run in runs):
            continue
        if len(runs) >= limits.summary_sweep_attempts:
            context.log.error("Event %s of video %s had %s runs and no effect.", event.id, event.video_id, len(runs))
            continue
        requests.append(_run_request(event, attempt=len(runs) + 1))
    keys = [request.partition_key for request in requests if request.partition_key is not None]
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else dg.SkipReason("No event is lost."),
        dynamic_partitions_requests=[videos.build_add_request(keys)] if keys else [],
    )


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
