"""Events that the database knows and Kafka forgot, and what becomes of those that are given up."""

import json
import uuid

import dagster as dg
import pytest
from confluent_kafka import KafkaException
from sqlalchemy.orm import Session

from summary_pipeline.contract.events import parse_video_transcribed
from summary_pipeline.database.dead_letters import StoredLetter, dead_letter, list_dead_letters
from summary_pipeline.database.models import OutboxEvent
from summary_pipeline.defs.run_tags import EventOrigin
from summary_pipeline.resources import kafka_topics
from summary_pipeline.resources.factories import build_resources
from summary_pipeline_tests.defs.failing import tick
from summary_pipeline_tests.defs.platform import Platform, snippets
from summary_pipeline_tests.kafka_support import headers_of, read_all

pytestmark = pytest.mark.servers


def publish(platform: Platform, origin: EventOrigin) -> None:
    """Write the transcriber's event, published: Kafka had it, whether or not it still does."""
    payload = {"id": origin.event_id, "videoId": origin.video_id, "transcriptFileKey": origin.transcript_key}
    with Session(platform.engine) as session:
        session.add(
            OutboxEvent(
                id=uuid.UUID(origin.event_id),
                topic="video.transcribed",
                payload=payload,
                published=True,
                attempts=0,
                service="transcriber",
            )
        )
        session.commit()


def sweep(platform: Platform) -> list[dg.RunRequest]:
    repository = platform.defs.get_repository_def()
    with dg.build_sensor_context(
        instance=platform.instance, repository_def=repository, resources=build_resources()
    ) as context:
        result = repository.get_sensor_def("lost_event_sensor")(context)
    assert isinstance(result, dg.SensorResult)
    return list(result.run_requests or [])


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMARY_SWEEP_AFTER_SECONDS", "0.000001")


def test_a_lost_event_is_requested_again_under_its_own_id(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    publish(platform, origin)
    (request,) = sweep(platform)
    assert request.partition_key == "7"
    assert EventOrigin.from_tags(request.tags) == origin


def test_an_event_that_had_its_effect_is_not_lost(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    publish(platform, origin)
    platform.summarize(7, origin)
    assert sweep(platform) == []


def test_an_event_whose_run_is_under_way_is_not_lost(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    publish(platform, origin)
    job = platform.defs.resolve_job_def("summarize_video")
    platform.instance.create_run_for_job(job, tags=origin.to_tags(), status=dg.DagsterRunStatus.STARTED)
    assert sweep(platform) == []


def test_events_that_are_left_alone_do_not_hide_one_behind_them(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A page holds 100.
    monkeypatch.setenv("SUMMARY_MAX_RUNS_IN_FLIGHT", "1000")
    job = platform.defs.resolve_job_def("summarize_video")
    for video_id in range(1, 102):
        origin = platform.add_video(video_id)
        publish(platform, origin)
        platform.instance.create_run_for_job(job, tags=origin.to_tags(), status=dg.DagsterRunStatus.STARTED)
    publish(platform, platform.add_video(200, snippets()))
    assert [request.partition_key for request in sweep(platform)] == ["200"]


WITHOUT_EFFECT = dg.DagsterRunStatus.SUCCESS
"""Of a run that executed a part of the assets only."""


def letters(platform: Platform) -> list[StoredLetter]:
    return [dead_letter(platform.engine, row.id) for row in list_dead_letters(platform.engine)]


def end_a_run(platform: Platform, origin: EventOrigin, status: dg.DagsterRunStatus) -> str:
    job = platform.defs.resolve_job_def("summarize_video")
    tags = {**origin.to_tags(), "dagster/partition": str(origin.video_id)}
    return platform.instance.create_run_for_job(job, tags=tags, status=status).run_id


def test_an_event_is_requested_a_bounded_number_of_times(
    platform: Platform, kafka_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BROKERS", kafka_address)
    monkeypatch.setenv("SUMMARY_SWEEP_ATTEMPTS", "2")
    origin = platform.add_video(7, snippets())
    publish(platform, origin)
    run_keys = []
    for _ in range(3):
        requests = sweep(platform)
        run_keys += [request.run_key for request in requests]
        if requests:
            end_a_run(platform, origin, WITHOUT_EFFECT)
    assert platform.video(7).status == "failed"
    assert (platform.video(7).status_message or "").startswith("2 runs ended without a result")
    assert run_keys == [f"{origin.event_id}:found-again:1", f"{origin.event_id}:found-again:2"]


def test_an_event_that_is_given_up_is_dead_lettered_in_topic_and_table(
    platform: Platform, kafka_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BROKERS", kafka_address)
    origin = platform.add_video(7, snippets())
    publish(platform, origin)
    for _ in range(3):
        run_id = end_a_run(platform, origin, WITHOUT_EFFECT)
    assert sweep(platform) == []
    reason = f"3 runs ended without a result, the last one is {run_id}. See it in the Dagster UI."
    (stored,) = letters(platform)
    assert (stored.letter.event_id, stored.letter.video_id, stored.letter.offset) == (origin.event_id, 7, None)
    assert (stored.letter.stage, stored.letter.error_class) == ("SWEEP", "EventGivenUp")
    assert stored.letter.reason == reason
    assert parse_video_transcribed(stored.letter.value, stored.letter.key).id == origin.event_id
    (letter,) = [
        item for item in read_all(kafka_address, "video.transcribed.dlq") if item.value() == stored.letter.value
    ]
    headers = headers_of(letter)
    assert headers["__connect.errors.stage"] == b"SWEEP"
    assert headers["__connect.errors.exception.message"] == reason.encode()
    assert platform.video(7).status_message == reason


def test_the_event_is_dead_lettered_as_it_was_sent(
    platform: Platform, kafka_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BROKERS", kafka_address)
    origin = platform.add_video(7, snippets())
    publish(platform, origin)
    for _ in range(3):
        end_a_run(platform, origin, WITHOUT_EFFECT)
    sweep(platform)
    (stored,) = letters(platform)
    (row,) = [row for row in platform.outbox() if row.topic == "video.transcribed"]
    assert json.loads(stored.letter.value or b"") == row.payload


def test_without_kafka_nothing_is_given_up_and_the_next_sweep_does_it(
    platform: Platform, kafka_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = platform.add_video(7, snippets())
    publish(platform, origin)
    for _ in range(3):
        end_a_run(platform, origin, WITHOUT_EFFECT)
    monkeypatch.setattr(kafka_topics, "REQUEST_TIMEOUT_SECONDS", 0.5)
    with pytest.raises(KafkaException):
        sweep(platform)
    assert platform.video(7).status == "summarizing"
    monkeypatch.setenv("KAFKA_BROKERS", kafka_address)
    sweep(platform)
    assert platform.video(7).status == "failed"
    assert len(letters(platform)) == 1


def test_an_event_whose_run_has_failed_is_left_to_the_failure_sensor(platform: Platform) -> None:
    origin = platform.add_video(7, None)
    publish(platform, origin)
    assert not platform.summarize(7, origin).success
    assert sweep(platform) == []
    assert platform.video(7).status == "summarizing"
    tick(platform)
    assert sweep(platform) == []
    assert (platform.video(7).status_message or "").endswith("transcript.json does not exist.")
    assert letters(platform) == []


def test_a_failure_that_is_never_recorded_ends_as_a_dead_letter_and_not_as_another_run(
    platform: Platform, kafka_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BROKERS", kafka_address)
    origin = platform.add_video(7, snippets())
    publish(platform, origin)
    run_id = end_a_run(platform, origin, dg.DagsterRunStatus.FAILURE)
    assert sweep(platform) == []
    assert platform.video(7).status == "summarizing"
    monkeypatch.setenv("SUMMARY_STUCK_AFTER_SECONDS", "0.000001")
    assert sweep(platform) == []
    (stored,) = letters(platform)
    assert stored.letter.event_id == origin.event_id
    assert platform.video(7).status_message == (
        f"Run {run_id} failed, and why was not recorded. See it in the Dagster UI."
    )


@pytest.mark.parametrize("status", ["failed", "indexing", "ready"])
def test_a_lost_event_is_requested_whatever_became_of_its_video_before(platform: Platform, status: str) -> None:
    origin = platform.add_video(7, snippets(), status=status)
    publish(platform, origin)
    (request,) = sweep(platform)
    assert EventOrigin.from_tags(request.tags) == origin


def test_a_young_event_is_left_to_the_sensor(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMARY_SWEEP_AFTER_SECONDS", "3600")
    publish(platform, platform.add_video(7, snippets()))
    assert sweep(platform) == []


def test_a_run_that_a_person_terminated_is_not_started_again(
    platform: Platform, kafka_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BROKERS", kafka_address)
    origin = platform.add_video(7, snippets())
    publish(platform, origin)
    job = platform.defs.resolve_job_def("summarize_video")
    platform.instance.create_run_for_job(job, tags=origin.to_tags(), status=dg.DagsterRunStatus.CANCELED)
    assert sweep(platform) == []
    assert "was terminated" in (platform.video(7).status_message or "")


def test_nothing_is_requested_while_too_many_runs_are_in_flight(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUMMARY_MAX_RUNS_IN_FLIGHT", "1")
    publish(platform, platform.add_video(7, snippets()))
    job = platform.defs.resolve_job_def("summarize_video")
    tags = {"dagster/sensor_name": "video_transcribed_sensor"}
    platform.instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.STARTED)
    assert sweep(platform) == []
