"""The sensor that finds what fell by the wayside: events, videos, and outbox rows.

Belongs here: the tick. Does not belong here: what is done about lost events and stuck videos (``sweep``), what is told
of the outbox (``outbox_watch``).
"""

import dagster as dg

from summary_pipeline.defs.job import JOB_NAME
from summary_pipeline.defs.outbox_watch import observation, outbox_state, stored_state, tell
from summary_pipeline.defs.partitions import videos
from summary_pipeline.defs.requests import LOST_EVENT_SENSOR, runs_in_flight
from summary_pipeline.defs.sweep import Sweep
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.kafka import Kafka
from summary_pipeline.settings import Settings


@dg.sensor(
    name=LOST_EVENT_SENSOR,
    job_name=JOB_NAME,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Requests runs for events that had no effect and for videos that nobody works on, gives them up after too many "
        "runs (the video fails, the event is dead-lettered), and warns of outbox rows that are not published."
    ),
)
def lost_event_sensor(
    context: dg.SensorEvaluationContext,
    database: dg.ResourceParam[Database],
    kafka: dg.ResourceParam[Kafka],
    settings: dg.ResourceParam[Settings],
) -> dg.SensorResult:
    """Sweep once, and look at the outbox."""
    limits = settings.pipeline
    room = limits.summary_max_runs_in_flight - runs_in_flight(context.instance)
    sweep = Sweep(context.instance, database, kafka, limits, context.log, room)
    sweep.look()
    backlog = database.outbox_backlog()
    parked = database.parked_outbox_rows() if backlog.parked else []
    state = outbox_state(backlog, parked, late_seconds=limits.summary_outbox_late_seconds)
    tell(context.log, state, backlog, parked)
    keys = list(dict.fromkeys(request.partition_key for request in sweep.requests if request.partition_key is not None))
    return dg.SensorResult(
        run_requests=sweep.requests,
        skip_reason=None if sweep.requests else dg.SkipReason("No event is lost, and no video is stuck."),
        dynamic_partitions_requests=[videos.build_add_request(keys)] if keys else [],
        cursor=state.model_dump_json(),
        asset_events=[observation(backlog, state)] if state != stored_state(context.cursor) else [],
    )
