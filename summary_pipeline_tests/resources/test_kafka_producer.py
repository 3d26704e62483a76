"""The acknowledged producer on a broker."""

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import KafkaError

from summary_pipeline.database.outbox_producer import BrokerUnavailableError, MessageRejectedError
from summary_pipeline.local.kafka_broker import MockKafka
from summary_pipeline.local.ports import free_port
from summary_pipeline.resources.kafka_producer import KafkaProducer, open_producer
from summary_pipeline_tests.kafka_faults import RefusingKafka, refusing_kafka
from summary_pipeline_tests.kafka_support import TopicWriter, read_all

pytestmark = pytest.mark.servers


@pytest.fixture
def refusing() -> Iterator[RefusingKafka]:
    with refusing_kafka() as kafka:
        yield kafka


def test_a_message_is_in_kafka_when_send_returns(kafka_bootstrap: str) -> None:
    topic = TopicWriter(kafka_bootstrap, f"producer-{uuid4()}").topic
    with open_producer(kafka_bootstrap) as producer:
        producer.send(topic, key=b"7", value=b"value", headers=[("a", b"1"), ("a", None)])
        (message,) = read_all(kafka_bootstrap, topic)
    assert (message.key(), message.value()) == (b"7", b"value")
    assert message.headers() == [("a", b"1"), ("a", None)]


def test_a_message_may_have_neither_key_nor_value_nor_headers(kafka_bootstrap: str) -> None:
    topic = TopicWriter(kafka_bootstrap, f"producer-{uuid4()}").topic
    with open_producer(kafka_bootstrap) as producer:
        producer.send(topic, key=None, value=None)
    (message,) = read_all(kafka_bootstrap, topic)
    assert (message.key(), message.value(), message.headers()) == (None, None, None)


def test_messages_with_one_key_keep_their_order(kafka_bootstrap: str) -> None:
    topic = TopicWriter(kafka_bootstrap, f"producer-{uuid4()}").topic
    values = [str(number).encode() for number in range(100)]
    with open_producer(kafka_bootstrap) as producer:
        for value in values:
            producer.send(topic, key=b"7", value=value)
    assert [message.value() for message in read_all(kafka_bootstrap, topic)] == values


def test_opening_connects_to_nothing() -> None:
    with open_producer(f"127.0.0.1:{free_port()}"):
        pass


def test_a_broker_that_is_not_there_is_told_in_time() -> None:
    started = time.monotonic()
    with (
        open_producer(f"127.0.0.1:{free_port()}", delivery_seconds=1) as producer,
        pytest.raises(BrokerUnavailableError, match="_MSG_TIMED_OUT"),
    ):
        producer.send("topic", key=None, value=b"value")
    assert 0.5 < time.monotonic() - started < 5


def test_a_producer_goes_on_when_its_broker_is_back(tmp_path: Path) -> None:
    producer = KafkaProducer(f"127.0.0.1:{(port := free_port())}", delivery_seconds=1)
    with MockKafka(tmp_path / "one", port=port):
        send_when_connected(producer, b"before")
    with pytest.raises(BrokerUnavailableError):
        producer.send("video.summarized", key=b"7", value=b"lost")
    with MockKafka(tmp_path / "two", port=port) as broker:
        send_when_connected(producer, b"after")
        assert [message.value() for message in read_all(broker.address, "video.summarized")] == [b"after"]
    producer.close()


def send_when_connected(producer: KafkaProducer, value: bytes) -> None:
    for _attempt in range(10):
        try:
            producer.send("video.summarized", key=b"7", value=value)
        except BrokerUnavailableError:
            continue
        return
    raise TimeoutError("the broker was not found again")


@pytest.mark.parametrize(
    "code",
    [
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_RECORD,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.TOPIC_EXCEPTION,
    ],
)
def test_a_refusal_concerns_its_message_only(refusing: RefusingKafka, code: int) -> None:
    with open_producer(refusing.address) as producer:
        producer.send("topic", key=b"7", value=b"first")
        refusing.refuse(code)
        with pytest.raises(MessageRejectedError, match=KafkaError(code).name()):
            producer.send("topic", key=b"7", value=b"refused")
        producer.send("topic", key=b"7", value=b"next")
    values = [message.value() for message in read_all(refusing.address, "topic")]
    assert values == [b"first", b"next"]


def test_a_topic_that_may_not_be_written_does_not_stop_others(refusing: RefusingKafka) -> None:
    with open_producer(refusing.address) as producer:
        producer.send("closed", key=b"7", value=b"first")
        refusing.refuse(KafkaError.TOPIC_AUTHORIZATION_FAILED)
        with pytest.raises(MessageRejectedError, match="TOPIC_AUTHORIZATION_FAILED"):
            producer.send("closed", key=b"7", value=b"refused")
        producer.send("open", key=b"7", value=b"next")
    assert [message.value() for message in read_all(refusing.address, "open")] == [b"next"]


def test_a_passing_trouble_is_retried_inside_one_send(refusing: RefusingKafka) -> None:
    with open_producer(refusing.address) as producer:
        producer.send("topic", key=b"7", value=b"first")
        refusing.refuse(KafkaError.NOT_ENOUGH_REPLICAS, times=2)
        producer.send("topic", key=b"7", value=b"second")
    assert [message.value() for message in read_all(refusing.address, "topic")] == [b"first", b"second"]


def test_a_fatal_error_costs_one_message_and_a_new_client(refusing: RefusingKafka) -> None:
    with open_producer(refusing.address) as producer:
        producer.send("topic", key=b"7", value=b"first")
        refusing.refuse(KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER)
        with pytest.raises(BrokerUnavailableError):
            producer.send("topic", key=b"7", value=b"second")
        producer.send("topic", key=b"7", value=b"third")
    assert [message.value() for message in read_all(refusing.address, "topic")][-1] == b"third"


def test_a_message_beyond_any_limit_is_refused_at_once(refusing: RefusingKafka) -> None:
    with open_producer(refusing.address) as producer, pytest.raises(MessageRejectedError, match="MSG_SIZE_TOO_LARGE"):
        producer.send("topic", key=None, value=bytes(17 * 1024 * 1024))
