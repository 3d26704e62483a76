"""The events of runs that failed: which are given up as dead letters, and which are not."""

import uuid

import dagster as dg
import pytest
from confluent_kafka import KafkaException

from summary_pipeline.contract.dead_letter import DeadLetter
from summary_pipeline.contract.events import parse_video_transcribed
from summary_pipeline.database.dead_letters import dead_letter, list_dead_letters
from summary_pipeline.defs.failure_sensor import failure_reason
from summary_pipeline.defs.run_tags import EventOrigin
from summary_pipeline.resources import kafka_topics
from summary_pipeline_tests.defs.failing import fail, tick
from summary_pipeline_tests.defs.platform import Platform, snippets
from summary_pipeline_tests.kafka_support import read_all

pytestmark = pytest.mark.servers


def lose_worker(platform: Platform, origin: EventOrigin | None, video_id: int = 7) -> str:
    """End a run as run monitoring does when its worker is gone."""
    job = platform.defs.resolve_job_def("summarize_video")
    tags = {**(origin.to_tags() if origin else {}), "dagster/partition": str(video_id)}
    run = platform.instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.STARTED)
    platform.instance.report_run_failed(run, "The worker does not answer.")
    return run.run_id


def letters(platform: Platform) -> list[DeadLetter]:
    return [dead_letter(platform.engine, row.id).letter for row in list_dead_letters(platform.engine)]


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


def test_an_event_that_had_its_effect_is_not_dead_lettered_with_a_later_run_of_it(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    platform.summarize(7, origin)
    lose_worker(platform, origin)
    tick(platform)
    assert letters(platform) == []


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


def test_without_an_event_there_is_nothing_to_dead_letter(platform: Platform) -> None:
    platform.add_video(7, snippets())
    lose_worker(platform, None)
    tick(platform)
    assert platform.video(7).status == "failed"
    assert letters(platform) == []


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
