"""A tick of the sensor against a real broker and a real database; what it asks Dagster for."""

import json
import uuid

import dagster as dg
import pytest
from confluent_kafka import Producer
from sqlalchemy import text

from summary_pipeline.contract.events import parse_video_transcribed
from summary_pipeline.database.compatibility import IncompatibleTablesError
from summary_pipeline.defs.event_sensor import run_request
from summary_pipeline.defs.run_tags import EVENT_ID
from summary_pipeline.intake.cursor import parse_cursor
from summary_pipeline.intake.planning import AcceptedEvent, ReceivedMessage
from summary_pipeline_tests.defs.platform import Platform
from summary_pipeline_tests.defs.sensing import SENSOR, Sensor, sensor_on
from summary_pipeline_tests.kafka_faults import refusing_kafka

pytestmark = pytest.mark.servers


@pytest.fixture
def sensor(platform: Platform, kafka_address: str, monkeypatch: pytest.MonkeyPatch) -> Sensor:
    return sensor_on(kafka_address, platform, monkeypatch)


def test_each_event_becomes_a_run_request_with_its_id_as_run_key(sensor: Sensor) -> None:
    sent = {sensor.announce(7), sensor.announce(8)}
    assert set(sensor.events(sensor.tick())) == sent


def test_the_videos_partition_is_added_in_the_same_tick(sensor: Sensor) -> None:
    sensor.announce(7)
    result = sensor.tick()
    (request,) = result.dynamic_partitions_requests or []
    assert (request.partitions_def_name, list(request.partition_keys)) == ("videos", ["7"])
    assert [item.partition_key for item in result.run_requests or []] == ["7"]


def test_the_runs_tags_tell_the_whole_story(sensor: Sensor) -> None:
    event_id = sensor.announce(7)
    (request,) = sensor.tick().run_requests or []
    tags = {name.removeprefix("summary_pipeline/"): value for name, value in request.tags.items()}
    assert tags["event_id"] == event_id
    assert tags["video_id"] == "7"
    assert tags["transcript_key"] == "transcripts/7/t.json"
    assert tags["kafka_topic"] == "video.transcribed"
    assert tags["kafka_partition"].isdigit()
    assert tags["kafka_offset"].isdigit()


def test_a_second_tick_without_new_messages_asks_for_nothing(sensor: Sensor) -> None:
    sensor.announce(7)
    sensor.tick()
    assert sensor.events(sensor.tick()) == []


def test_a_tick_that_was_never_stored_is_read_again(sensor: Sensor) -> None:
    event_id = sensor.announce(7)
    stored = sensor.cursor
    sensor.tick()
    sensor.cursor = stored  # the daemon died before it stored the tick
    assert sensor.events(sensor.tick()) == [event_id]


def test_group_offsets_follow_one_tick_late(sensor: Sensor) -> None:
    sensor.announce(7)
    sensor.tick()
    stored = parse_cursor(sensor.cursor)
    assert stored is not None
    assert sensor.committed() != stored.offsets
    sensor.tick()
    assert sensor.committed() == stored.offsets


def test_without_a_cursor_reading_goes_on_at_the_groups_committed_offsets(sensor: Sensor) -> None:
    sensor.announce(7)
    sensor.tick()
    sensor.tick()
    sensor.cursor = None
    event_id = sensor.announce(8)
    assert sensor.events(sensor.tick()) == [event_id]


def test_the_cursor_of_another_cluster_loses_nothing(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    # On a cluster of its own: reading starts at the beginning of the topic.
    with refusing_kafka() as kafka:
        sensor = sensor_on(kafka.address, platform, monkeypatch)
        event_id = sensor.announce(7)
        cursor = json.loads(sensor.cursor or "")
        cursor["cluster_id"] = "an older cluster"
        cursor["offsets"] = dict.fromkeys(cursor["offsets"], 10**9)
        sensor.cursor = json.dumps(cursor)
        assert sensor.events(sensor.tick()) == [event_id]


def test_an_event_that_had_its_effect_makes_no_run(sensor: Sensor) -> None:
    platform = sensor.platform
    origin = platform.add_video(7, b'{"text": "One. Two. Three. Four. Five."}')
    platform.summarize(7, origin)
    sensor.announce(7, origin.event_id)
    assert sensor.events(sensor.tick()) == []


def test_several_events_of_one_video_each_become_a_run_of_its_one_partition(sensor: Sensor) -> None:
    sent = {sensor.announce(7), sensor.announce(7)}
    result = sensor.tick()
    assert set(sensor.events(result)) == sent
    assert {item.partition_key for item in result.run_requests or []} == {"7"}


def test_nothing_is_read_while_too_many_runs_are_in_flight(sensor: Sensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMARY_MAX_RUNS_IN_FLIGHT", "1")
    job = sensor.platform.defs.resolve_job_def("summarize_video")
    tags = {"dagster/sensor_name": SENSOR}
    sensor.platform.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=tags)
    sensor.announce(7)
    stored = sensor.cursor
    result = sensor.tick()
    assert result.skip_reason is not None
    assert "1 runs are queued or running" in (result.skip_reason.skip_message or "")
    assert sensor.cursor == stored


def test_a_tick_reads_no_more_than_there_is_room_for(sensor: Sensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMARY_MAX_RUNS_IN_FLIGHT", "2")
    sent = {sensor.announce(video_id) for video_id in (1, 2, 3)}
    first = sensor.events(sensor.tick())
    second = sensor.events(sensor.tick())
    assert (len(first), len(second)) == (2, 1)
    assert {*first, *second} == sent


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_events_from_a_client_that_compresses_are_read(sensor: Sensor, codec: str) -> None:
    event_id = str(uuid.uuid4())
    producer = Producer({"bootstrap.servers": sensor.bootstrap, "compression.type": codec})
    payload = {"id": event_id, "videoId": "9", "transcriptFileKey": "t.json", "ts": "2024-01-01T00:00:00Z", "more": 1}
    producer.produce("video.transcribed", json.dumps(payload).encode())
    assert producer.flush(30) == 0
    (request,) = sensor.tick().run_requests or []
    assert (request.tags[EVENT_ID], request.partition_key) == (event_id, "9")


def test_backfills_do_not_stop_fresh_videos(sensor: Sensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMARY_MAX_RUNS_IN_FLIGHT", "1")
    job = sensor.platform.defs.resolve_job_def("summarize_video")
    tags = {"dagster/backfill": "of everything"}
    sensor.platform.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=tags)
    event_id = sensor.announce(7)
    assert sensor.events(sensor.tick()) == [event_id]


def test_an_event_whose_run_failed_can_be_replayed(sensor: Sensor) -> None:
    platform = sensor.platform
    origin = platform.add_video(7, None)
    assert not platform.summarize(7, origin).success
    sensor.announce(7, origin.event_id)
    (run_key,) = sensor.events(sensor.tick())
    assert run_key.startswith(f"{origin.event_id}:replayed:")


def test_a_replay_is_known_by_its_cluster_its_place_and_its_time() -> None:
    # Offsets count from 0 again in another cluster, and in a topic that was made anew.
    payload = {"id": str(uuid.uuid4()), "videoId": 7, "transcriptFileKey": "t.json"}
    event = parse_video_transcribed(json.dumps(payload).encode())

    def run_key(cluster_id: str, timestamp: int) -> str | None:
        message = ReceivedMessage("video.transcribed", 0, 5, key=None, value=b"", timestamp=timestamp)
        return run_request(AcceptedEvent(event, message), cluster_id=cluster_id, replayed=True).run_key

    assert run_key("a", 1) == run_key("a", 1)
    assert len({run_key("a", 1), run_key("b", 1), run_key("a", 2)}) == 3


def test_a_replay_that_is_read_twice_keeps_its_run_key(sensor: Sensor) -> None:
    platform = sensor.platform
    origin = platform.add_video(7, None)
    assert not platform.summarize(7, origin).success
    sensor.announce(7, origin.event_id)
    stored = sensor.cursor
    first = sensor.events(sensor.tick())
    sensor.cursor = stored
    assert sensor.events(sensor.tick()) == first
    assert not first[0].endswith(":None")


def test_a_repeat_of_an_event_whose_run_is_under_way_makes_no_run(sensor: Sensor) -> None:
    platform = sensor.platform
    origin = platform.add_video(7, None)
    job = platform.defs.resolve_job_def("summarize_video")
    platform.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=origin.to_tags())
    sensor.announce(7, origin.event_id)
    assert sensor.events(sensor.tick()) == []


def test_tables_that_are_not_as_they_should_be_stop_the_tick_with_their_names(sensor: Sensor) -> None:
    sensor.announce(7)
    schema = sensor.platform.engine.get_execution_options()["schema_translate_map"][None]
    with sensor.platform.engine.begin() as connection:
        connection.execute(text(f'ALTER TABLE "{schema}".processed_messages DROP COLUMN processed_at'))
    stored = sensor.cursor
    with pytest.raises(dg.DagsterResourceFunctionError) as caught:
        sensor.tick()
    assert isinstance(caught.value.__cause__, IncompatibleTablesError)
    assert "processed_messages.processed_at: column missing" in str(caught.value.__cause__)
    assert sensor.cursor == stored
