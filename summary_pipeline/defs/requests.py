"""What the sensors that request runs have in common.

Belongs here: how many runs there is room for, and whether an event needs a run. Does not belong here: finding events.
"""

from collections.abc import Sequence

import dagster as dg

from summary_pipeline.defs.job import IN_FLIGHT, JOB_NAME
from summary_pipeline.defs.partitions import PARTITION_TAG, partition_key
from summary_pipeline.defs.run_tags import EVENT_ID

EVENT_SENSOR = "video_transcribed_sensor"
LOST_EVENT_SENSOR = "lost_event_sensor"

_NEWEST_RUNS = 50


def runs_in_flight(instance: dg.DagsterInstance) -> int:
    """Return how many runs for events are queued or running; backfills wait behind them and do not count."""
    sensors = {"dagster/sensor_name": [EVENT_SENSOR, LOST_EVENT_SENSOR]}
    return instance.get_runs_count(dg.RunsFilter(job_name=JOB_NAME, statuses=list(IN_FLIGHT), tags=sensors))


def runs_of_event(instance: dg.DagsterInstance, event_id: str) -> Sequence[dg.RunRecord]:
    """Return the runs that an event had, the newest first."""
    return instance.get_run_records(dg.RunsFilter(tags={EVENT_ID: event_id}))


def runs_of_video(instance: dg.DagsterInstance, video_id: int) -> Sequence[dg.RunRecord]:
    """Return the newest runs of a video, for whatever reason, the newest first."""
    return instance.get_run_records(dg.RunsFilter(tags={PARTITION_TAG: partition_key(video_id)}), limit=_NEWEST_RUNS)


def is_under_way(runs: Sequence[dg.RunRecord]) -> bool:
    """Tell whether one of ``runs`` may still have its effect."""
    return any(record.dagster_run.status in IN_FLIGHT for record in runs)
