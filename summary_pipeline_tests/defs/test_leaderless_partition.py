"""A tick of the sensor while one of the topic's partitions can't be read, and once it can be read again."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg
import pytest
from confluent_kafka import KafkaException

from summary_pipeline.intake.cursor import parse_cursor
from summary_pipeline_tests.defs.platform import Platform
from summary_pipeline_tests.defs.sensing import Sensor, sensor_on
from summary_pipeline_tests.kafka_faults import NOBODY, RefusingKafka, refusing_kafka

pytestmark = pytest.mark.servers

TOPIC = "video.transcribed"
PARTITIONS = range(4)
LOST = 2
BROKER = 1


@dataclass(frozen=True)
class Topic:
    """``video.transcribed`` on a cluster whose leaders a test can take away, and the sensor that reads it."""

    kafka: RefusingKafka
    sensor: Sensor

    def announce_in(self, partition: int) -> str:
        event_id = str(uuid.uuid4())
        payload = {"id": event_id, "videoId": 7, "transcriptFileKey": "transcripts/7/t.json"}
        self.sensor.writer.write(json.dumps(payload).encode(), partition=partition)
        return event_id

    def announce_everywhere(self) -> list[str]:
        return [self.announce_in(partition) for partition in PARTITIONS]

    def lose(self, partition: int = LOST) -> None:
        self.kafka.lead(TOPIC, partition, NOBODY)

    def mend(self) -> None:
        self.kafka.lead(TOPIC, LOST, BROKER)

    def tick(self) -> set[str]:
        return set(self.sensor.events(self.sensor.tick()))

    def offsets(self) -> dict[int, int]:
        cursor = parse_cursor(self.sensor.cursor)
        assert cursor is not None
        return cursor.offsets


@pytest.fixture
def topic(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Topic]:
    with refusing_kafka() as kafka:
        yield Topic(kafka, sensor_on(kafka.address, platform, monkeypatch))


def test_the_other_partitions_are_read_and_the_lost_one_keeps_its_place_in_the_cursor(topic: Topic) -> None:
    topic.announce_everywhere()
    topic.tick()
    topic.lose()
    sent = {topic.announce_in(partition) for partition in PARTITIONS if partition != LOST}
    assert topic.tick() == sent
    assert topic.offsets() == {0: 2, 1: 2, LOST: 1, 3: 2}


def test_what_it_held_is_read_once_and_nothing_before_it_again_when_its_leader_is_back(topic: Topic) -> None:
    topic.announce_everywhere()
    topic.tick()
    waiting = topic.announce_in(LOST)
    topic.lose()
    assert topic.tick() == set()
    assert topic.tick() == set()
    topic.mend()
    assert topic.tick() == {waiting}
    assert topic.tick() == set()


def test_the_tick_says_which_partition_was_left_out_and_its_log_says_why(
    topic: Topic, capsys: pytest.CaptureFixture[str]
) -> None:
    topic.lose()
    result = topic.sensor.tick()
    assert result.skip_reason is not None
    assert "Left out: video.transcribed[2]" in (result.skip_reason.skip_message or "")
    assert "video.transcribed[2] can't be read now (it has no leader" in capsys.readouterr().err


def test_the_topics_observation_counts_the_partitions_that_were_left_out(topic: Topic) -> None:
    topic.lose()
    topic.announce_in(0)
    (observation,) = topic.sensor.tick().asset_events
    assert observation.metadata["partitions_left_out"] == dg.IntMetadataValue(1)


def test_a_sensor_without_a_cursor_keeps_the_groups_offset_of_a_lost_partition(topic: Topic) -> None:
    topic.announce_everywhere()
    topic.tick()
    topic.tick()  # Group offsets follow one tick late.
    waiting = topic.announce_in(LOST)
    topic.lose()
    topic.sensor.cursor = None
    assert topic.tick() == set()
    topic.mend()
    assert topic.tick() == {waiting}


def test_a_topic_that_has_no_leader_at_all_fails_the_tick_and_the_cursor_stays(topic: Topic) -> None:
    stored = topic.sensor.cursor
    for partition in PARTITIONS:
        topic.lose(partition)
    with pytest.raises(KafkaException, match="watermark offsets"):
        topic.sensor.tick()
    assert topic.sensor.cursor == stored
