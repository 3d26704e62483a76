"""Failed runs, real ones, and what the platform is told of them."""

from collections.abc import Mapping

import dagster as dg
import pytest

from summary_pipeline.defs.failure_sensor import failed_summary_sensor, failure_reason
from summary_pipeline.defs.run_tags import EventOrigin
from summary_pipeline.local.ports import free_port
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
    tell(platform, result)
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


@pytest.mark.servers
def test_trouble_that_outlasts_its_retries_is_told_in_its_own_words(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = platform.add_video(7, snippets())
    monkeypatch.setenv("AWS_S3_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    result = fail(platform, origin)
    assert len([event for event in result.all_events if event.is_step_up_for_retry]) == 2
    tell(platform, result)
    message = platform.video(7).status_message or ""
    assert message.startswith(f"s3://{platform.objects.bucket}/transcripts/7/transcript.json could not be read")


@pytest.mark.servers
def test_a_missing_intermediate_asset_is_told_in_its_own_words(platform: Platform) -> None:
    platform.add_video(7, snippets())
    platform.instance.add_dynamic_partitions("videos", ["7"])
    result = platform.defs.resolve_job_def("summarize_video").execute_in_process(
        instance=platform.instance,
        partition_key="7",
        asset_selection=[dg.AssetKey("final_summary")],
        raise_on_error=False,
    )
    tell(platform, result)
    assert "pipeline/assets/chunk_summaries/7.json does not exist" in (platform.video(7).status_message or "")


@pytest.mark.servers
def test_a_worker_whose_environment_is_incomplete_is_told_by_what_it_lacks(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = platform.add_video(7, snippets())
    with monkeypatch.context() as worker:
        worker.delenv("OPENAI_API_KEY")
        result = fail(platform, origin)
    tell(platform, result)
    assert "OPENAI_API_KEY is missing" in (platform.video(7).status_message or "")
