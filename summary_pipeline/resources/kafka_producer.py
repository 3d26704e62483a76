"""A producer that waits for the acknowledgement of each message.

Belongs here: confluent-kafka's producer, its configuration, and what its errors mean to us.
Does not belong here: which messages are sent (``database.relay``, ``intake``).
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from summary_pipeline.database.outbox_producer import BrokerUnavailableError, DeliveryError, MessageRejectedError

_LOGGER = logging.getLogger(__name__)

_DELIVERY_SECONDS: Final = 20.0
_REPORT_GRACE_SECONDS: Final = 5.0
_UNKNOWN_TOPIC_SECONDS: Final = 5.0
_CLOSE_SECONDS: Final = 5.0
_LARGEST_MESSAGE_BYTES: Final = 16 * 1024 * 1024
"""Only a bound on memory: the broker's own limit decides."""

_REJECTIONS: Final = frozenset(
    {
        KafkaError.INVALID_MSG,
        KafkaError.INVALID_MSG_SIZE,
        KafkaError.INVALID_RECORD,
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.POLICY_VIOLATION,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._INVALID_ARG,  # noqa: SLF001 - librdkafka's local errors have no other name
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 - as above
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - as above
    }
)


class KafkaProducer:
    """Idempotent, acks=all, one message at a time. Connects when first used. Not for several threads.

    ``delivery_seconds`` bounds the wait for an acknowledgement; librdkafka retries until then and not longer, so that a
    message which was given up is not sent later, behind a newer one.
    """

    def __init__(self, bootstrap_servers: str, *, delivery_seconds: float = _DELIVERY_SECONDS) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._delivery_seconds = delivery_seconds
        self._producer: Producer | None = None

    def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]] = (),
    ) -> None:
        """Return once all in-sync replicas have the message.

        Raises:
            MessageRejectedError: this message can't be delivered, others may.
            BrokerUnavailableError: nothing can be delivered now. The message may have arrived all the same.
        """
        reports: list[KafkaError | None] = []

        def report(error: KafkaError | None, _message: Message) -> None:
            reports.append(error)

        try:
            self._open().produce(topic, value=value, key=key, headers=list(headers), on_delivery=report)
            error = self._wait_for(reports)
        except BufferError as full:
            raise BrokerUnavailableError(f"Kafka's send queue is full: {full}") from full
        except KafkaException as refusal:
            # From ``produce`` for the message's sake, from ``poll`` after a fatal error.
            raise self._delivery_error(topic, refusal.args[0]) from refusal
        if error is not None:
            raise self._delivery_error(topic, error)

    def close(self) -> None:
        """Give back connections; nothing is pending between two calls of ``send``."""
        if self._producer is not None:
            self._producer.flush(_CLOSE_SECONDS)
        self._discard()

    def _wait_for(self, reports: Sequence[KafkaError | None]) -> KafkaError | None:
        """Return what the delivery report says: an error, or None for an acknowledgement."""
        deadline = time.monotonic() + self._delivery_seconds + _REPORT_GRACE_SECONDS
        while not reports:
            if time.monotonic() > deadline:
                self._discard()
                raise BrokerUnavailableError("Kafka's client reported nothing about a message in time")
            self._open().poll(0.1)
        return reports[0]

    def _open(self) -> Producer:
        if self._producer is None:
            self._producer = Producer(
                {
                    "bootstrap.servers": self._bootstrap_servers,
                    "client.id": "summary-pipeline",
                    "enable.idempotence": True,
                    "acks": "all",
                    "linger.ms": 0,
                    "delivery.timeout.ms": round(self._delivery_seconds * 1000),
                    "topic.metadata.propagation.max.ms": round(_UNKNOWN_TOPIC_SECONDS * 1000),
                    "message.max.bytes": _LARGEST_MESSAGE_BYTES,
                    "error_cb": _log_client_error,
                    "log_level": 3,
                }
            )
        return self._producer

    def _delivery_error(self, topic: str, error: KafkaError) -> DeliveryError:
        """Sort an error. After a fatal one the client is of no more use; the next ``send`` makes a new one."""
        if error.fatal() or error.code() == KafkaError._FATAL:  # noqa: SLF001 - librdkafka's name for it
            self._discard()
        kind = MessageRejectedError if error.code() in _REJECTIONS else BrokerUnavailableError
        return kind(f"Kafka did not take a message to {topic!r}: {error.str()} ({error.name()})")

    def _discard(self) -> None:
        if self._producer is not None:
            self._producer.purge()
            self._producer = None


@contextmanager
def open_producer(bootstrap_servers: str, *, delivery_seconds: float = _DELIVERY_SECONDS) -> Iterator[KafkaProducer]:
    """Yield a producer and close it at the end."""
    producer = KafkaProducer(bootstrap_servers, delivery_seconds=delivery_seconds)
    try:
        yield producer
    finally:
        producer.close()


def _log_client_error(error: KafkaError) -> None:
    """Tell people; the client goes on by itself after these. What becomes of a message is in its delivery report."""
    _LOGGER.warning("Kafka client: %s (%s)", error.str(), error.name())
