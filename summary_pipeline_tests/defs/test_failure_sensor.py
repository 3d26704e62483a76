"""Failed runs, real ones, and what the platform is told of them."""

import dagster as dg
import pytest
from sqlalchemy import Engine, NullPool, create_engine, update
from sqlalchemy.orm import Session

from summary_pipeline.database.errors import TransientDatabaseError
from summary_pipeline.database.models import Video
from summary_pipeline.defs.failure_sensor import failure_reason
from summary_pipeline.local.ports import free_port
from summary_pipeline_tests.database.faults import before_step, cut
from summary_pipeline_tests.defs.failing import fail, tick
from summary_pipeline_tests.defs.platform import Platform, snippets


@pytest.mark.servers
def test_a_failed_video_gets_a_reason_that_a_person_can_act_on(platform: Platform) -> None:
    fail(platform, platform.add_video(7, None))
    tick(platform)
    video = platform.video(7)
    assert video.status == "failed"
    assert video.status_message == (f"s3://{platform.objects.bucket}/transcripts/7/transcript.json does not exist.")


@pytest.mark.servers
def test_a_failed_attempt_does_not_undo_the_summary_that_a_video_has(platform: Platform) -> None:
    platform.summarize(7, platform.add_video(7, snippets()))
    platform.objects.write("transcripts/7/transcript.json", b"", content_type="application/json")
    result = platform.summarize(7)
    assert not result.success
    tick(platform)
    assert platform.video(7).status == "indexing"


@pytest.mark.servers
def test_the_event_of_a_failed_video_can_be_replayed_once_its_cause_is_mended(platform: Platform) -> None:
    origin = platform.add_video(7, None)
    fail(platform, origin)
    tick(platform)
    platform.objects.write(origin.transcript_key, snippets(), content_type="application/json")
    assert platform.summarize(7, origin).success
    video = platform.video(7)
    assert (video.status, video.status_message) == ("indexing", None)


@pytest.mark.servers
def test_a_run_that_run_monitoring_failed_is_told_and_holds_up_no_other(platform: Platform) -> None:
    platform.add_video(8, snippets())
    job = platform.defs.resolve_job_def("summarize_video")
    lost = platform.instance.create_run_for_job(job, tags={"dagster/partition": "8"})
    platform.instance.report_run_failed(lost, "Detected run worker status FAILED")
    fail(platform, platform.add_video(9, None))
    tick(platform)
    assert platform.video(8).status_message == (
        f"The run ended without a result (its worker was stopped or lost). See run {lost.run_id} in the Dagster UI."
    )
    assert platform.video(9).status == "failed"


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
    tick(platform)
    message = platform.video(7).status_message or ""
    assert message.startswith(f"s3://{platform.objects.bucket}/transcripts/7/transcript.json could not be read")


@pytest.mark.servers
def test_a_missing_intermediate_asset_is_told_in_its_own_words(platform: Platform) -> None:
    platform.add_video(7, snippets())
    platform.instance.add_dynamic_partitions("videos", ["7"])
    platform.defs.resolve_job_def("summarize_video").execute_in_process(
        instance=platform.instance,
        partition_key="7",
        asset_selection=[dg.AssetKey("final_summary")],
        raise_on_error=False,
    )
    tick(platform)
    assert "pipeline/assets/chunk_summaries/7.json does not exist" in (platform.video(7).status_message or "")


@pytest.mark.servers
def test_a_worker_whose_environment_is_incomplete_is_told_by_what_it_lacks(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = platform.add_video(7, snippets())
    with monkeypatch.context() as worker:
        worker.delenv("OPENAI_API_KEY")
        fail(platform, origin)
    tick(platform)
    assert "OPENAI_API_KEY is missing" in (platform.video(7).status_message or "")


def other_connection(platform: Platform) -> Engine:
    return create_engine(platform.engine.url, poolclass=NullPool)


@pytest.mark.servers
def test_a_failure_that_met_a_database_without_an_answer_is_recorded_at_the_next_tick(platform: Platform) -> None:
    fail(platform, platform.add_video(7, None))
    cut_off = before_step(platform.engine, 2, cut(other_connection(platform)))
    with cut_off, pytest.raises(TransientDatabaseError):
        tick(platform)
    assert platform.video(7).status == "summarizing"
    tick(platform)
    assert platform.video(7).status == "failed"


@pytest.mark.servers
def test_a_tick_keeps_what_it_recorded_before_the_database_was_lost(platform: Platform) -> None:
    fail(platform, platform.add_video(7, None))
    with before_step(platform.engine, 10**6, cut(platform.engine)) as counted:
        cursor = tick(platform).cursor
    for video_id in (8, 9):
        fail(platform, platform.add_video(video_id, None))
    with before_step(platform.engine, counted.seen + 2, cut(other_connection(platform))) as trigger:
        half = tick(platform, cursor)
    assert trigger.fired
    assert [platform.video(video_id).status for video_id in (8, 9)] == ["failed", "summarizing"]
    with before_step(platform.engine, 10**6, cut(platform.engine)) as second:
        tick(platform, half.cursor)
    assert platform.video(9).status == "failed"
    assert second.seen == counted.seen


@pytest.mark.servers
def test_a_failure_is_recorded_once_and_does_not_come_back_after_a_new_beginning(platform: Platform) -> None:
    fail(platform, platform.add_video(7, None))
    cursor = tick(platform).cursor
    with Session(platform.engine) as session:
        session.execute(update(Video).values(status="summarizing", status_message=None))
        session.commit()
    tick(platform, cursor)
    assert platform.video(7).status == "summarizing"


@pytest.mark.servers
def test_a_failure_that_can_never_be_recorded_does_not_hold_up_the_next(platform: Platform) -> None:
    fail(platform, platform.add_video(7, None))
    with Session(platform.engine) as session:
        session.execute(update(Video).values(status="something else"))
        session.commit()
    platform.instance.add_dynamic_partitions("videos", ["by-hand"])
    platform.defs.resolve_job_def("summarize_video").execute_in_process(
        instance=platform.instance, partition_key="by-hand", raise_on_error=False
    )
    fail(platform, platform.add_video(8, None))
    tick(platform)
    assert platform.video(7).status == "something else"
    assert platform.video(8).status == "failed"
