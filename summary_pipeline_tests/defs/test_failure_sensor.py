"""Failed runs, real ones, and what the platform is told of them."""

from collections.abc import Mapping

import dagster as dg
import pytest

from summary_pipeline.defs.failure_sensor import failed_summary_sensor, failure_reason
from summary_pipeline.defs.run_tags import EventOrigin
from summary_pipeline.resources.factories import build_resources
from summary_pipeline_tests.defs.platform import Platform, snippets


def tell(platform: Platform, result: dg.ExecuteInProcessResult) -> object:
    """Hand a finished run to the sensor, as the daemon does."""
    (event,) = [event for event in result.all_events if event.event_type_value == "PIPELINE_FAILURE"]
    context = dg.build_run_status_sensor_context(
        sensor_name="failed_summary_sensor",
        dagster_instance=platform.instance,
        dagster_run=result.dagster_run,
        dagster_event=event,
        resources=build_resources(),
    ).for_run_failure()
    return failed_summary_sensor(context)


def fail(platform: Platform, origin: EventOrigin, tags: Mapping[str, str] | None = None) -> dg.ExecuteInProcessResult:
    result = platform.summarize(origin.video_id, origin, tags)
    assert not result.success
    return result


@pytest.mark.servers
def test_a_failed_video_gets_a_reason_that_a_person_can_act_on(platform: Platform) -> None:
    tell(platform, fail(platform, platform.add_video(7, None)))
    video = platform.video(7)
    assert video.status == "failed"
    assert video.status_message == (f"s3://{platform.objects.bucket}/transcripts/7/transcript.json does not exist.")


@pytest.mark.servers
def test_a_run_that_will_be_tried_again_does_not_fail_its_video(platform: Platform) -> None:
    result = fail(platform, platform.add_video(7, None), {"dagster/will_retry": "true"})
    assert isinstance(tell(platform, result), dg.SkipReason)
    assert platform.video(7).status == "summarizing"


@pytest.mark.servers
def test_a_failed_attempt_does_not_undo_the_summary_that_a_video_has(platform: Platform) -> None:
    platform.summarize(7, platform.add_video(7, snippets()))
    platform.objects.write("transcripts/7/transcript.json", b"", content_type="application/json")
    result = platform.summarize(7)
    assert not result.success
    tell(platform, result)
    assert platform.video(7).status == "indexing"


@pytest.mark.servers
def test_the_event_of_a_failed_video_can_be_replayed_once_its_cause_is_mended(platform: Platform) -> None:
    origin = platform.add_video(7, None)
    tell(platform, fail(platform, origin))
    platform.objects.write(origin.transcript_key, snippets(), content_type="application/json")
    assert platform.summarize(7, origin).success
    video = platform.video(7)
    assert (video.status, video.status_message) == ("indexing", None)


def test_a_run_that_ended_without_a_failing_asset_points_to_its_page() -> None:
    assert failure_reason([], "abc") == (
        "The run ended without a result (its worker was stopped or lost). See run abc in the Dagster UI."
    )
