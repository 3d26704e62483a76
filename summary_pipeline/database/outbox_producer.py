"""What the outbox relay asks of Kafka.

Belongs here: the protocol and the errors an implementation raises. ``resources.kafka_producer`` implements it.
Does not belong here: Kafka's client.
"""

from collections.abc import Sequence
from typing import Protocol


class OutboxProducer(Protocol):
    """Sends one message at a time and knows what became of it."""

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
        ...


class DeliveryError(RuntimeError):
    """A message of which no broker has acknowledged that it arrived."""


class MessageRejectedError(DeliveryError):
    """The message, or its topic, was refused: too large, no such topic, no right to write."""


class BrokerUnavailableError(DeliveryError):
    """No broker can be reached, or none answers in time."""
