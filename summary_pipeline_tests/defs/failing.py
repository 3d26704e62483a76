"""Runs that fail, and the sensor that is told of them."""

from collections.abc import Mapping

import dagster as dg

from summary_pipeline.defs.failure_sensor import failed_summary_sensor
from summary_pipeline.defs.run_tags import EventOrigin
from summary_pipeline.resources.factories import build_resources
from summary_pipeline_tests.defs.platform import Platform


def tick(platform: Platform, cursor: str | None = None) -> dg.SensorResult:
    """Let the sensor look at all runs that have failed since ``cursor``, as the daemon does."""
    with dg.build_sensor_context(instance=platform.instance, cursor=cursor, resources=build_resources()) as context:
        result = failed_summary_sensor(context)
    assert isinstance(result, dg.SensorResult)
    return result


def fail(platform: Platform, origin: EventOrigin, tags: Mapping[str, str] | None = None) -> dg.ExecuteInProcessResult:
    result = platform.summarize(origin.video_id, origin, tags)
    assert not result.success
    return result
