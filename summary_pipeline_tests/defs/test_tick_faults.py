"""A tick that crashes between any two of its steps, and the tick that reads the same messages again."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest
from confluent_kafka import Message

from summary_pipeline.contract.topics import TOPICS
from summary_pipeline.defs.requests import EVENT_SENSOR
from summary_pipeline.defs.run_tags import EVENT_ID
from summary_pipeline.resources.connections import open_database
from summary_pipeline.resources.kafka import Kafka
from summary_pipeline.resources.kafka_reader import open_reader
from summary_pipeline.settings import load_settings
from summary_pipeline_tests.database.faults import Crash
from summary_pipeline_tests.defs.platform import Platform
from summary_pipeline_tests.fault_proxy import Operations, crashing
from summary_pipeline_tests.kafka_support import TopicWriter, read_all

pytestmark = pytest.mark.servers

FEWEST_STEPS = 6
"""Topics, reader, watermarks, messages, repeats, dead letters."""
NEVER = 0
ERRORS = "__connect.errors."


@dataclass
class Stream:
    """``video.transcribed`` with what one test wrote to it, and the cursor that the daemon has stored."""

    platform: Platform
    writer: TopicWriter
    bootstrap: str
    cursor: str | None = None

    def announce(self, video_id: int) -> str:
        event_id = str(uuid.uuid4())
        payload = {"id": event_id, "videoId": video_id, "transcriptFileKey": f"transcripts/{video_id}/t.json"}
        self.writer.write(json.dumps(payload).encode(), key=str(video_id).encode())
        return event_id

    def tick(self, operations: Operations) -> set[str]:
        """Evaluate the sensor; return the events that it requests runs for. Its cursor counts once it has returned."""
        settings = load_settings()
        kafka = Kafka(settings.platform.kafka_brokers, group_id=settings.pipeline.summary_kafka_group_id)
        repository = self.platform.defs.get_repository_def()
        resources = {
            "kafka": crashing(kafka, operations),
            "database": crashing(open_database(settings.platform), operations),
            "settings": settings,
        }
        with dg.build_sensor_context(
            instance=self.platform.instance,
            repository_def=repository,
            resources=resources,
            cursor=self.cursor,
            sensor_name=EVENT_SENSOR,
        ) as context:
            result: Any = repository.get_sensor_def(EVENT_SENSOR)(context)
        self.cursor = result.cursor
        return {request.tags[EVENT_ID] for request in result.run_requests or []}

    def letters(self, mark: bytes) -> list[Message]:
        """Return the dead letters whose value is ``mark``."""
        return [message for message in read_all(self.bootstrap, "video.transcribed.dlq") if message.value() == mark]


@pytest.fixture
def stream(platform: Platform, kafka_address: str, monkeypatch: pytest.MonkeyPatch) -> Stream:
    monkeypatch.setenv("KAFKA_BROKERS", kafka_address)
    for topic in TOPICS:
        TopicWriter(kafka_address, topic)
    with open_reader(kafka_address, group_id="tests", topic="video.transcribed") as reader:
        state = reader.state()
    offsets = {number: partition.high for number, partition in state.partitions.items()}
    cursor = {"version": 1, "cluster_id": state.cluster_id, "topic": "video.transcribed", "offsets": offsets}
    return Stream(platform, TopicWriter(kafka_address, "video.transcribed"), kafka_address, json.dumps(cursor))


def place(letter: Message) -> tuple[bytes | None, bytes | None]:
    headers = dict(letter.headers() or [])
    return headers[f"{ERRORS}partition"], headers[f"{ERRORS}offset"]  # type: ignore[return-value]


@pytest.mark.parametrize("after", [False, True], ids=["before the step", "after the step"])
def test_a_tick_that_crashes_at_any_step_is_made_up_for_by_the_next_one(stream: Stream, *, after: bool) -> None:
    point, fired = 0, True
    while fired:
        point += 1
        mark = f"no event {uuid.uuid4()}".encode()
        first = stream.announce(1)
        stream.writer.write(mark, key=b"2")
        sent = {first, stream.announce(3)}
        stored = stream.cursor
        operations = Operations(point, after=after)
        if crashes(lambda operations=operations: stream.tick(operations)):  # type: ignore[misc]
            assert stream.cursor == stored
            assert stream.tick(Operations(NEVER)) == sent, f"crashed at {operations.done[-1]}"
        assert {place(letter) for letter in stream.letters(mark)} != set(), f"crashed at {operations.done[-1]}"
        assert len({place(letter) for letter in stream.letters(mark)}) == 1
        assert stream.tick(Operations(NEVER)) == set()
        fired = operations.fired
    assert point > FEWEST_STEPS


def crashes(tick: Callable[[], object]) -> bool:
    try:
        tick()
    except Crash:
        return True
    return False


def test_a_tick_whose_daemon_dies_before_it_is_stored_is_read_again_whole(stream: Stream) -> None:
    mark = f"no event {uuid.uuid4()}".encode()
    sent = {stream.announce(1), stream.announce(2)}
    stream.writer.write(mark)
    stored = stream.cursor
    assert stream.tick(Operations(NEVER)) == sent
    stream.cursor = stored
    assert stream.tick(Operations(NEVER)) == sent
    letters = stream.letters(mark)
    # Kafka's copy may repeat; what it is a copy of does not.
    assert len(letters) == 2
    assert len({place(letter) for letter in letters}) == 1


def test_a_dead_letter_that_cannot_be_written_moves_no_offset(stream: Stream) -> None:
    mark = f"no event {uuid.uuid4()}".encode()
    stream.writer.write(mark)
    stored = stream.cursor
    counting = Operations(NEVER)
    stream.tick(counting)
    stream.cursor = stored
    with pytest.raises(Crash):
        stream.tick(Operations(counting.done.index("write_dead_letters") + 1))
    assert stream.cursor == stored
