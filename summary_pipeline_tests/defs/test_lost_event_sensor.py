"""Events that the database knows and Kafka forgot."""

import uuid

import dagster as dg
import pytest
from sqlalchemy.orm import Session

from summary_pipeline.database.models import OutboxEvent
from summary_pipeline.defs.run_tags import EventOrigin
from summary_pipeline.resources.factories import build_resources
from summary_pipeline_tests.defs.platform import Platform, snippets

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


def test_an_event_is_requested_a_bounded_number_of_times(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMARY_SWEEP_ATTEMPTS", "2")
    origin = platform.add_video(7, None)
    publish(platform, origin)
    run_keys = []
    for _ in range(3):
        requests = sweep(platform)
        run_keys += [request.run_key for request in requests]
        if requests:
            platform.summarize(7, origin)
    assert platform.video(7).status == "failed"
    assert (platform.video(7).status_message or "").startswith("2 runs ended without a result")
    assert run_keys == [f"{origin.event_id}:found-again:1", f"{origin.event_id}:found-again:2"]


def test_a_young_event_is_left_to_the_sensor(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMARY_SWEEP_AFTER_SECONDS", "3600")
    publish(platform, platform.add_video(7, snippets()))
    assert sweep(platform) == []


def test_a_run_that_a_person_terminated_is_not_started_again(platform: Platform) -> None:
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
