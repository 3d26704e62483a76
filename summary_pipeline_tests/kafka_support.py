"""Writing to Kafka from tests, with a client that shares no code with the pipeline's own."""

from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from summary_pipeline_tests.waiting import eventually

_NO_LEADER_YET = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)


class TopicWriter:
    """Makes a topic and writes to it; each write has been acknowledged when it returns."""

    def __init__(self, bootstrap_servers: str, topic: str) -> None:
        self.topic = topic
        self._producer = Producer(
            {"bootstrap.servers": bootstrap_servers, "message.max.bytes": 16_000_000, "log_level": 3}
        )
        while self._producer.list_topics(topic, timeout=30).topics[topic].error is not None:
            self._producer.poll(0.05)

    def write(
        self,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Sequence[tuple[str, str | bytes | None]] = (),
        partition: int = -1,
    ) -> None:
        self._producer.produce(self.topic, value=value, key=key, headers=list(headers), partition=partition)
        if self._producer.flush(30):
            raise TimeoutError(f"Kafka did not acknowledge a message for {self.topic}")


def read_all(bootstrap_servers: str, topic: str) -> list[Message]:
    """Return every message that a topic holds now."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap_servers, "group.id": "tests", "enable.auto.commit": False, "log_level": 3}
    )
    try:
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        ends = {number: _ends(consumer, TopicPartition(topic, number)) for number in partitions}
        consumer.assign([TopicPartition(topic, number, low) for number, (low, _high) in ends.items()])
        left = sum(high - low for low, high in ends.values())
        messages: list[Message] = []
        while len(messages) < left:
            message = consumer.poll(30)
            if message is None:
                raise TimeoutError(f"{topic} holds {left} messages, {len(messages)} came")
            messages.append(message)
        return messages
    finally:
        consumer.close()


def _ends(consumer: Consumer, partition: TopicPartition) -> tuple[int, int]:
    """Return the offsets of a partition, once it has a leader: a new one may have none for a moment."""

    def look() -> tuple[int, int] | None:
        try:
            low, high = consumer.get_watermark_offsets(partition, timeout=30)
        except KafkaException as error:
            if error.args[0].code() in _NO_LEADER_YET:
                return None
            raise
        return low, high

    found = eventually(look, f"partition {partition.partition} of {partition.topic} has a leader")
    if found is None:
        raise AssertionError("eventually returns what is true")
    return found


def headers_of(message: Message) -> dict[str, object]:
    """Return the headers of a message by name; the last one of a name counts."""
    headers = message.headers() or []
    return dict(headers.items() if isinstance(headers, dict) else headers)
