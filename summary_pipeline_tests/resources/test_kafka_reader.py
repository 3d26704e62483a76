import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from summary_pipeline.resources.kafka_reader import KafkaReader, open_reader
from summary_pipeline_tests.kafka_support import TopicWriter

pytestmark = pytest.mark.servers


@pytest.fixture
def writer(kafka_bootstrap: str) -> TopicWriter:
    return TopicWriter(kafka_bootstrap, f"reader-{uuid.uuid4()}")


@pytest.fixture
def reader(kafka_bootstrap: str, writer: TopicWriter) -> Iterator[KafkaReader]:
    with open_reader(kafka_bootstrap, group_id=f"group-{uuid.uuid4()}", topic=writer.topic) as opened:
        yield opened


def from_the_start(reader: KafkaReader) -> dict[int, int]:
    return {number: state.low for number, state in reader.state().partitions.items()}


def test_an_empty_topic_is_read_to_its_end_at_once(reader: KafkaReader) -> None:
    start = from_the_start(reader)
    result = reader.read(start, max_messages=10, max_seconds=30)
    assert result.messages == ()
    assert result.next_offsets == start


def test_messages_come_with_key_value_headers_and_place(reader: KafkaReader, writer: TopicWriter) -> None:
    writer.write(b"hello", key=b"7", headers=[("trace", b"abc")])
    (message,) = reader.read(from_the_start(reader), max_messages=10, max_seconds=30).messages
    assert (message.key, message.value, message.headers) == (b"7", b"hello", (("trace", b"abc"),))
    assert message.topic == writer.topic
    assert message.offset == 0


def test_a_tombstone_comes_as_a_message_without_a_value(reader: KafkaReader, writer: TopicWriter) -> None:
    writer.write(None, key=b"7")
    (message,) = reader.read(from_the_start(reader), max_messages=10, max_seconds=30).messages
    assert message.value is None


def test_reading_goes_on_where_it_ended_without_loss_or_repeat(reader: KafkaReader, writer: TopicWriter) -> None:
    for number in range(50):
        writer.write(str(number).encode(), key=str(number).encode())
    offsets = from_the_start(reader)
    seen: list[bytes | None] = []
    while len(seen) < 50:
        result = reader.read(offsets, max_messages=7, max_seconds=30)
        assert 0 < len(result.messages) <= 7
        seen += [message.value for message in result.messages]
        offsets = dict(result.next_offsets)
    assert sorted(int(value or b"") for value in seen) == list(range(50))
    assert reader.read(offsets, max_messages=7, max_seconds=30).messages == ()


def test_committed_offsets_are_what_the_group_shows(reader: KafkaReader, writer: TopicWriter) -> None:
    writer.write(b"x", partition=0)
    assert reader.state().partitions[0].committed is None
    reader.commit({0: 1})
    assert reader.state().partitions[0].committed == 1


def test_a_compressed_batch_is_read_as_single_messages(
    kafka_bootstrap: str, reader: KafkaReader, writer: TopicWriter
) -> None:
    producer = Producer({"bootstrap.servers": kafka_bootstrap, "compression.type": "gzip", "linger.ms": 200})
    for number in range(20):
        producer.produce(writer.topic, str(number).encode(), partition=0)
    assert producer.flush(30) == 0
    result = reader.read(from_the_start(reader), max_messages=100, max_seconds=30)
    assert [message.value for message in result.messages] == [str(number).encode() for number in range(20)]


def test_the_cluster_is_named_so_that_a_cursor_can_belong_to_it(reader: KafkaReader) -> None:
    assert reader.state().cluster_id
