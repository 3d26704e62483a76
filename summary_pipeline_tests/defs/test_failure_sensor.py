"""Failed runs, real ones, and what the platform is told of them."""

import uuid
from collections.abc import Mapping
from dataclasses import replace

import dagster as dg
import pytest
from confluent_kafka import KafkaException
from sqlalchemy import Engine, NullPool, create_engine, update
from sqlalchemy.orm import Session

from summary_pipeline.contract.dead_letter import DeadLetter
from summary_pipeline.contract.events import parse_video_transcribed
from summary_pipeline.database.dead_letters import dead_letter, list_dead_letters
from summary_pipeline.database.errors import TransientDatabaseError
from summary_pipeline.database.models import Video
from summary_pipeline.defs import run_retries
from summary_pipeline.defs.failure_cursor import parse_failure_cursor
from summary_pipeline.defs.failure_sensor import failed_summary_sensor, failure_reason
from summary_pipeline.defs.run_tags import EventOrigin
from summary_pipeline.local.ports import free_port
from summary_pipeline.resources import kafka_topics
from summary_pipeline.resources.factories import build_resources
from summary_pipeline_tests.database.faults import before_step, cut
from summary_pipeline_tests.defs.platform import Platform, snippets
from summary_pipeline_tests.kafka_support import read_all


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


@pytest.mark.servers
def test_a_failed_video_gets_a_reason_that_a_person_can_act_on(platform: Platform) -> None:
    fail(platform, platform.add_video(7, None))
    tick(platform)
    video = platform.video(7)
    assert video.status == "failed"
    assert video.status_message == (f"s3://{platform.objects.bucket}/transcripts/7/transcript.json does not exist.")


@pytest.mark.servers
def test_a_run_that_will_be_tried_again_does_not_fail_its_video(platform: Platform) -> None:
    fail(platform, platform.add_video(7, None), {"dagster/will_retry": "true"})
    tick(platform)
    assert platform.video(7).status == "summarizing"


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
def test_a_retry_that_was_announced_and_never_came_is_a_failure_after_all(platform: Platform) -> None:
    result = fail(platform, platform.add_video(7, None), {"dagster/will_retry": "true"})
    cursor = tick(platform).cursor
    # As Dagster does where the retry can't be made, for example because the code location does not load.
    platform.instance.add_run_tags(result.run_id, {"dagster/will_retry": "false"})
    tick(platform, cursor)
    assert platform.video(7).status == "failed"


@pytest.mark.servers
def test_a_retry_that_is_there_takes_the_failed_runs_place(platform: Platform) -> None:
    origin = platform.add_video(7, None)
    result = fail(platform, origin, {"dagster/will_retry": "true"})
    job = platform.defs.resolve_job_def("summarize_video")
    retry = platform.instance.create_run_for_job(job, tags=origin.to_tags(), status=dg.DagsterRunStatus.STARTED)
    platform.instance.add_run_tags(result.run_id, {"dagster/auto_retry_run_id": retry.run_id})
    assert parse_failure_cursor(tick(platform).cursor).undecided == frozenset()
    assert platform.video(7).status == "summarizing"


@pytest.mark.servers
def test_a_retry_that_its_cancelled_backfill_prevents_is_a_failure(platform: Platform) -> None:
    tags = {"dagster/will_retry": "true", "dagster/backfill": "cancelled and deleted"}
    platform.add_video(7, None)
    platform.summarize(7, tags=tags)
    assert parse_failure_cursor(tick(platform).cursor).undecided == frozenset()
    assert platform.video(7).status == "failed"


@pytest.mark.servers
def test_a_failure_whose_retry_does_not_come_is_told_when_the_wait_is_over(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(platform, platform.add_video(7, None), {"dagster/will_retry": "true"})
    cursor = tick(platform).cursor
    assert len(parse_failure_cursor(cursor).undecided) == 1
    monkeypatch.setattr(run_retries, "RETRY_PATIENCE_SECONDS", 0.0)
    assert parse_failure_cursor(tick(platform, cursor).cursor).undecided == frozenset()
    assert platform.video(7).status == "failed"


@pytest.mark.servers
def test_a_run_that_dagster_has_not_tagged_yet_is_put_off(platform: Platform) -> None:
    with dg.DagsterInstance.ephemeral(settings={"run_retries": {"enabled": True}}) as instance:
        retrying = replace(platform, instance=instance)
        platform.add_video(7, None)
        # Dagster logs the failure first and tags the run then; in between, the sensor may look.
        with pytest.MonkeyPatch.context() as between:
            between.setattr(dg.DagsterInstance, "add_run_tags", lambda *_: None)
            result = retrying.summarize(7)
        assert not result.success
        cursor = tick(retrying).cursor
        assert platform.video(7).status == "summarizing"
        instance.add_run_tags(result.run_id, {"dagster/will_retry": "false"})
        tick(retrying, cursor)
        assert platform.video(7).status == "failed"


@pytest.mark.servers
def test_the_failed_retry_of_a_backfill_that_had_its_effect_is_no_failure(platform: Platform) -> None:
    platform.add_video(7, snippets())
    first = platform.summarize(7)
    with Session(platform.engine) as session:
        session.execute(update(Video).values(status="summarizing"))
        session.commit()
    job = platform.defs.resolve_job_def("summarize_video")
    tags = {"dagster/partition": "7", "dagster/parent_run_id": first.run_id, "dagster/root_run_id": first.run_id}
    retry = platform.instance.create_run_for_job(
        job, tags=tags, parent_run_id=first.run_id, root_run_id=first.run_id, status=dg.DagsterRunStatus.STARTED
    )
    platform.instance.add_run_tags(first.run_id, {"dagster/auto_retry_run_id": retry.run_id})
    platform.instance.report_run_failed(retry, "The worker does not answer.")
    tick(platform)
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


def lose_worker(platform: Platform, origin: EventOrigin | None, video_id: int = 7) -> str:
    """End a run as run monitoring does when its worker is gone."""
    job = platform.defs.resolve_job_def("summarize_video")
    tags = {**(origin.to_tags() if origin else {}), "dagster/partition": str(video_id)}
    run = platform.instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.STARTED)
    platform.instance.report_run_failed(run, "The worker does not answer.")
    return run.run_id


def letters(platform: Platform) -> list[DeadLetter]:
    return [dead_letter(platform.engine, row.id).letter for row in list_dead_letters(platform.engine)]


@pytest.mark.servers
def test_the_event_of_a_video_that_is_not_there_is_dead_lettered_in_topic_and_table(
    platform: Platform, kafka_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BROKERS", kafka_address)
    origin = EventOrigin(str(uuid.uuid4()), 404, "transcripts/404/transcript.json", snippet_count=3)
    fail(platform, origin)
    tick(platform)
    tick(platform)
    (letter,) = letters(platform)
    assert (letter.event_id, letter.video_id) == (origin.event_id, 404)
    assert "Video 404 is not in the videos table" in letter.reason
    replayed = parse_video_transcribed(letter.value, letter.key)
    assert (replayed.id, replayed.transcript_file_key, replayed.snippet_count) == (
        origin.event_id,
        origin.transcript_key,
        3,
    )
    assert letter.value in {message.value() for message in read_all(kafka_address, "video.transcribed.dlq")}


@pytest.mark.servers
def test_an_event_that_had_its_effect_is_not_dead_lettered_with_a_later_run_of_it(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    platform.summarize(7, origin)
    lose_worker(platform, origin)
    tick(platform)
    assert letters(platform) == []


@pytest.mark.servers
def test_an_event_whose_last_run_lost_its_worker_is_given_up(
    platform: Platform, kafka_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BROKERS", kafka_address)
    origin = platform.add_video(7, snippets())
    run_id = lose_worker(platform, origin)
    tick(platform)
    video = platform.video(7)
    assert (video.status, video.status_message) == ("failed", failure_reason([], run_id))
    (letter,) = letters(platform)
    assert (letter.event_id, letter.reason) == (origin.event_id, video.status_message)


@pytest.mark.servers
def test_without_an_event_there_is_nothing_to_dead_letter(platform: Platform) -> None:
    platform.add_video(7, snippets())
    lose_worker(platform, None)
    tick(platform)
    assert platform.video(7).status == "failed"
    assert letters(platform) == []


@pytest.mark.servers
def test_without_kafka_the_cursor_waits_for_the_dead_letter(
    platform: Platform, kafka_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(platform, EventOrigin(str(uuid.uuid4()), 404, "transcripts/404/transcript.json"))
    fail(platform, platform.add_video(7, None))
    with monkeypatch.context() as without:
        without.setattr(kafka_topics, "REQUEST_TIMEOUT_SECONDS", 0.5)
        with pytest.raises(KafkaException):
            tick(platform)
    assert platform.video(7).status == "summarizing"
    monkeypatch.setenv("KAFKA_BROKERS", kafka_address)
    tick(platform)
    assert platform.video(7).status == "failed"
    assert len(letters(platform)) == 1
