import time
import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from summary_pipeline.resources import kafka_reader
from summary_pipeline.resources.kafka_reader import KafkaReader, open_reader
from summary_pipeline_tests.kafka_faults import FIND_COORDINATOR, NOBODY, refusing_kafka
from summary_pipeline_tests.kafka_support import TopicWriter
from summary_pipeline_tests.waiting import eventually

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


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_a_compressed_batch_is_read_as_single_messages(
    codec: str, kafka_bootstrap: str, reader: KafkaReader, writer: TopicWriter
) -> None:
    producer = Producer({"bootstrap.servers": kafka_bootstrap, "compression.type": codec, "linger.ms": 200})
    for number in range(20):
        producer.produce(writer.topic, str(number).encode(), partition=0)
    assert producer.flush(30) == 0
    result = reader.read(from_the_start(reader), max_messages=100, max_seconds=30)
    assert [message.value for message in result.messages] == [str(number).encode() for number in range(20)]


def test_a_message_of_a_megabyte_comes_whole(reader: KafkaReader, writer: TopicWriter) -> None:
    value = bytes(range(256)) * 3900
    writer.write(value)
    (message,) = reader.read(from_the_start(reader), max_messages=10, max_seconds=30).messages
    assert message.value == value


def test_a_commit_that_no_coordinator_answers_does_not_stop_the_reading(caplog: pytest.LogCaptureFixture) -> None:
    with refusing_kafka() as kafka:
        writer = TopicWriter(kafka.address, "commits")
        writer.write(b"x")
        kafka.refuse(KafkaError.COORDINATOR_NOT_AVAILABLE, times=10_000, request=FIND_COORDINATOR)
        with open_reader(kafka.address, group_id="group", topic="commits") as reader:
            started = time.monotonic()
            reader.commit({0: 1}, max_seconds=0.5)
            result = reader.read({0: 0, 1: 0, 2: 0, 3: 0}, max_messages=1, max_seconds=30)
    assert time.monotonic() - started < 20
    assert [message.value for message in result.messages] == [b"x"]
    assert "lag tools will show old values: no group coordinator answered in time" in caplog.text


def write_transactions(kafka_bootstrap: str, topic: str) -> None:
    """Write: before, one transaction that is aborted, one that is committed, after; all in partition 0."""
    plain = TopicWriter(kafka_bootstrap, topic)
    producer = Producer({"bootstrap.servers": kafka_bootstrap, "transactional.id": f"transaction-{uuid.uuid4()}"})
    producer.init_transactions(30)
    plain.write(b"before", partition=0)
    producer.begin_transaction()
    producer.produce(topic, b"aborted", partition=0)
    assert producer.flush(30) == 0
    producer.abort_transaction(30)
    producer.begin_transaction()
    producer.produce(topic, b"committed", partition=0)
    producer.commit_transaction(30)
    plain.write(b"after", partition=0)


def test_aborted_transactions_and_control_records_are_passed_over(
    kafka_bootstrap: str, request: pytest.FixtureRequest, reader: KafkaReader, writer: TopicWriter
) -> None:
    if "mock" in request.node.callspec.id:
        pytest.skip("librdkafka's mock cluster takes transactions and has no read_committed")
    write_transactions(kafka_bootstrap, writer.topic)
    values: list[bytes | None] = []
    offsets = from_the_start(reader)

    def read_on() -> list[bytes | None]:
        # What stands behind an open transaction is not readable until the broker has written its end.
        result = reader.read(offsets, max_messages=100, max_seconds=30)
        offsets.update(result.next_offsets)
        values.extend(message.value for message in result.messages)
        return values

    eventually(read_on, "the last message", until=lambda seen: b"after" in seen, seconds=30)
    assert values == [b"before", b"committed", b"after"]
    assert reader.read(offsets, max_messages=100, max_seconds=30).messages == ()


def test_reading_goes_on_behind_a_control_record_at_the_end(
    kafka_bootstrap: str, request: pytest.FixtureRequest, reader: KafkaReader, writer: TopicWriter
) -> None:
    if "mock" in request.node.callspec.id:
        pytest.skip("librdkafka's mock cluster takes transactions and has no read_committed")
    producer = Producer({"bootstrap.servers": kafka_bootstrap, "transactional.id": f"transaction-{uuid.uuid4()}"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(writer.topic, b"aborted", partition=0)
    assert producer.flush(30) == 0
    producer.abort_transaction(30)
    start = from_the_start(reader)

    def next_offset() -> int:
        result = reader.read(start, max_messages=100, max_seconds=30)
        assert result.messages == ()
        return result.next_offsets[0]

    eventually(next_offset, "the transaction's end", until=lambda offset: offset == 2, seconds=30)


def test_the_cluster_is_named_so_that_a_cursor_can_belong_to_it(reader: KafkaReader) -> None:
    assert reader.state().cluster_id


def test_a_partition_without_a_leader_is_left_out_with_its_committed_offset_and_the_others_are_read() -> None:
    with refusing_kafka() as kafka:
        writer = TopicWriter(kafka.address, "leaders")
        for partition in range(4):
            writer.write(str(partition).encode(), partition=partition)
        with open_reader(kafka.address, group_id="group", topic="leaders") as reader:
            reader.commit({2: 1})
        kafka.lead("leaders", 2, NOBODY)
        with open_reader(kafka.address, group_id="group", topic="leaders") as reader:
            state = reader.state()
            start = {number: partition.low for number, partition in state.partitions.items()}
            messages = reader.read(start, max_messages=10, max_seconds=30).messages
    assert sorted(message.value or b"" for message in messages) == [b"0", b"1", b"3"]
    assert list(state.unreadable) == [2]
    assert state.unreadable[2].committed == 1
    assert state.unreadable[2].reason.startswith("it has no leader")


def test_a_topic_of_which_no_partition_can_be_read_is_an_error() -> None:
    with refusing_kafka() as kafka:
        TopicWriter(kafka.address, "leaders")
        for partition in range(4):
            kafka.lead("leaders", partition, NOBODY)
        with (
            open_reader(kafka.address, group_id="group", topic="leaders") as reader,
            pytest.raises(KafkaException, match="watermark offsets"),
        ):
            reader.state()


def test_a_leader_that_hangs_is_waited_for_once_however_many_partitions_it_leads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit = 3.0
    monkeypatch.setattr(kafka_reader, "REQUEST_TIMEOUT_SECONDS", limit)
    with refusing_kafka(brokers=2) as kafka:
        TopicWriter(kafka.address, "leaders").write(b"x", partition=0)
        kafka.lead("leaders", 0, 1)
        for partition in (1, 2, 3):
            kafka.lead("leaders", partition, 2)
        with open_reader(kafka.address, group_id="group", topic="leaders") as reader:
            cluster_id = reader.state().cluster_id
        kafka.hang(2)
        with open_reader(kafka.address, group_id="group", topic="leaders") as reader:
            started = time.monotonic()
            state = reader.state(trusted_cluster_id=cluster_id)
            took = time.monotonic() - started
    assert list(state.partitions) == [0]
    assert list(state.unreadable) == [1, 2, 3]
    assert took < 2 * limit
