"""Reading a bounded stretch of a Kafka topic from explicit offsets.

Belongs here: the consumer of the sensor. Does not belong here: where to start (``intake.cursor``), what messages mean.
The group never subscribes: partitions are assigned, and offsets are committed only so that lag tools can see us.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from confluent_kafka import (
    OFFSET_INVALID,
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from summary_pipeline.intake.cursor import PartitionState, UnreadablePartition
from summary_pipeline.intake.planning import ReceivedMessage

logger = logging.getLogger(__name__)

REQUEST_TIMEOUT_SECONDS = 10.0
POLL_SECONDS = 0.5
COMMIT_SECONDS = 5.0
NO_LEADER = -1
COORDINATOR_ERRORS = frozenset(
    {KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS}
)


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as the brokers describe it; ``unreadable`` are the partitions of which no broker says anything now."""

    cluster_id: str
    partitions: Mapping[int, PartitionState]
    unreadable: Mapping[int, UnreadablePartition]


@dataclass(frozen=True, slots=True)
class ReadResult:
    """Messages in the order of their partitions' offsets, and the offset to read next per partition."""

    messages: tuple[ReceivedMessage, ...]
    next_offsets: Mapping[int, int]


class _Commits:
    """What the client reported about the last commit. ``failure`` is why it failed, None where it did not."""

    def __init__(self) -> None:
        self.answered = True
        self.failure: str | None = None

    def begin(self) -> None:
        self.answered = False
        self.failure = "no group coordinator answered in time"

    def fail(self, reason: str) -> None:
        self.answered = True
        self.failure = reason

    def report(self, error: KafkaError | None, _offsets: list[TopicPartition]) -> None:
        """Take the client's report; it calls this from ``poll``."""
        self.answered = True
        self.failure = None if error is None else error.str()


class KafkaReader:
    """Reads one topic. Not safe for use by several threads; close it after use (``open_reader`` does)."""

    def __init__(self, consumer: Consumer, topic: str, commits: "_Commits") -> None:
        self._consumer = consumer
        self._topic = topic
        self._commits = commits

    def state(self, *, trusted_cluster_id: str | None = None) -> TopicState:
        """Return cluster id, watermarks and the group's committed offsets.

        Committed offsets are not asked for in the cluster of a trusted cursor: its group coordinator may be away.

        Raises:
            KafkaException: the brokers can't be reached, have no such topic, or none of its partitions can be read.
        """
        metadata = self._consumer.list_topics(self._topic, timeout=REQUEST_TIMEOUT_SECONDS)
        topic = metadata.topics[self._topic]
        if topic.error is not None:
            raise KafkaException(topic.error)
        wanted = [TopicPartition(self._topic, partition) for partition in sorted(topic.partitions)]
        cluster_id = metadata.cluster_id or ""
        committed = wanted if cluster_id == trusted_cluster_id else self._committed(wanted)
        leaders = {number: partition.leader for number, partition in topic.partitions.items()}
        partitions: dict[int, PartitionState] = {}
        unreadable: dict[int, UnreadablePartition] = {}
        watermarks = self._watermarks(leaders)
        for item in committed:
            known = None if item.offset == OFFSET_INVALID else item.offset
            told = watermarks[item.partition]
            if isinstance(told, KafkaException):
                unreadable[item.partition] = UnreadablePartition(known, _reason(told, leaders[item.partition]))
            else:
                low, high = told
                partitions[item.partition] = PartitionState(low, high, known)
        if unreadable and not partitions:
            raise next(told for told in watermarks.values() if isinstance(told, KafkaException))
        return TopicState(cluster_id, partitions, unreadable)

    def _watermarks(self, leaders: Mapping[int, int]) -> Mapping[int, tuple[int, int] | KafkaException]:
        """Return the lowest offset and the next one of each partition, or why its leader does not tell them.

        A leader that lets one question time out is asked no other: a tick has no time for each of its partitions.
        """
        told: dict[int, tuple[int, int] | KafkaException] = {}
        hanging: dict[int, KafkaException] = {}
        for number, leader in leaders.items():
            if leader in hanging:
                told[number] = hanging[leader]
                continue
            wanted = TopicPartition(self._topic, number)
            try:
                told[number] = self._consumer.get_watermark_offsets(wanted, timeout=REQUEST_TIMEOUT_SECONDS)
            except KafkaException as error:
                told[number] = error
                if error.args[0].code() == KafkaError._TIMED_OUT:  # noqa: SLF001 -- the client's public name for it
                    hanging[leader] = error
        return told

    def _committed(self, wanted: list[TopicPartition]) -> list[TopicPartition]:
        """Ask for committed offsets until the coordinator, which a new cluster or group first has to find, answers."""
        deadline = time.monotonic() + REQUEST_TIMEOUT_SECONDS
        while True:
            try:
                return self._consumer.committed(wanted, timeout=REQUEST_TIMEOUT_SECONDS)
            except KafkaException as error:
                if error.args[0].code() not in COORDINATOR_ERRORS or time.monotonic() > deadline:
                    raise
            self._consumer.poll(0.1)

    def read(self, offsets: Mapping[int, int], *, max_messages: int, max_seconds: float) -> ReadResult:
        """Read from ``offsets`` until every partition's end, or until a bound is met.

        Raises:
            KafkaException: the broker reported an error; nothing that was read counts.
        """
        deadline = time.monotonic() + max_seconds
        self._consumer.assign([TopicPartition(self._topic, partition, offset) for partition, offset in offsets.items()])
        unfinished = set(offsets)
        next_offsets = dict(offsets)
        messages: list[ReceivedMessage] = []
        while unfinished and len(messages) < max_messages and time.monotonic() < deadline:
            message = self._consumer.poll(min(POLL_SECONDS, max(0.0, deadline - time.monotonic())))
            if message is None:
                continue
            received = _receive(message)
            if received is None:
                # The end of a partition lies behind control records of transactions, which are no messages.
                unfinished.discard(_partition(message))
                next_offsets[_partition(message)] = _offset(message)
            else:
                messages.append(received)
                unfinished.add(received.partition)
                next_offsets[received.partition] = received.offset + 1
        self._consumer.unassign()
        return ReadResult(tuple(messages), next_offsets)

    def commit(self, offsets: Mapping[int, int], *, max_seconds: float = COMMIT_SECONDS) -> None:
        """Commit offsets that are safe in the sensor's cursor. A failure is only logged: the cursor is the truth.

        The client's own synchronous commit waits for an answer without any bound; this waits ``max_seconds``.
        """
        if not offsets:
            return
        wanted = [TopicPartition(self._topic, partition, offset) for partition, offset in offsets.items()]
        deadline = time.monotonic() + max_seconds
        self._commits.begin()
        try:
            self._consumer.commit(offsets=wanted, asynchronous=True)
            while not self._commits.answered and time.monotonic() < deadline:
                self._consumer.poll(0.05)
        except KafkaException as error:
            self._commits.fail(str(error))
        if self._commits.failure is not None:
            logger.warning(
                "Group offsets of %s were not committed, lag tools will show old values: %s",
                self._topic,
                self._commits.failure,
            )


@contextmanager
def open_reader(bootstrap_servers: str, *, group_id: str, topic: str) -> Iterator[KafkaReader]:
    """Yield a reader of ``topic`` and close its consumer afterwards."""
    commits = _Commits()
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": group_id,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            # Offsets are checked against the watermarks before reading; what slips through must not jump in silence.
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            # The group is never joined: this is how long a commit waits for a coordinator, and ``close`` for a commit.
            "session.timeout.ms": round(COMMIT_SECONDS * 1000),
            "heartbeat.interval.ms": 1000,
            "fetch.wait.max.ms": 100,
            "log_level": 3,
            "on_commit": commits.report,
        }
    )
    try:
        yield KafkaReader(consumer, topic, commits)
    finally:
        consumer.close()


def _reason(error: KafkaException, leader: int) -> str:
    told = error.args[0].str()
    return f"it has no leader: {told}" if leader == NO_LEADER else f"its leader is broker {leader}: {told}"


def _receive(message: Message) -> ReceivedMessage | None:
    """Return the message, or None for the end of a partition."""
    error = message.error()
    if error is not None:
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 -- the client's public name for it
            return None
        raise KafkaException(error)
    return ReceivedMessage(
        topic=message.topic() or "",
        partition=_partition(message),
        offset=_offset(message),
        key=_as_bytes(message.key()),
        value=_as_bytes(message.value()),
        headers=_headers(message),
        timestamp=_timestamp(message),
    )


def _timestamp(message: Message) -> int | None:
    kind, milliseconds = message.timestamp()
    return None if kind == TIMESTAMP_NOT_AVAILABLE else milliseconds


def _headers(message: Message) -> tuple[tuple[str, bytes | None], ...]:
    headers = message.headers() or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    return tuple((name, _as_bytes(value)) for name, value in pairs)


def _partition(message: Message) -> int:
    partition = message.partition()
    if partition is None:
        raise ValueError("Kafka delivered a message without a partition")
    return partition


def _offset(message: Message) -> int:
    offset = message.offset()
    if offset is None:
        raise ValueError("Kafka delivered a message without an offset")
    return offset


def _as_bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
