"""Kafka as the sensors use it.

Belongs here: one object that knows the cluster and the group. Does not belong here: what messages mean.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from summary_pipeline.contract.dead_letter import DeadLetter
from summary_pipeline.contract.topics import VIDEO_TRANSCRIBED, VIDEO_TRANSCRIBED_DEAD_LETTERS
from summary_pipeline.database.outbox_producer import MessageRejectedError
from summary_pipeline.intake.dead_letters import dead_letter_headers
from summary_pipeline.resources.kafka_producer import KafkaProducer, open_producer
from summary_pipeline.resources.kafka_reader import KafkaReader, open_reader
from summary_pipeline.resources.kafka_topics import ensure_topics

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kafka:
    """The platform's cluster, as one consumer group sees it."""

    bootstrap_servers: str
    group_id: str

    def ensure_topics(self, topics: Sequence[str]) -> tuple[str, ...]:
        """Create the topics that are missing and return their names."""
        return ensure_topics(self.bootstrap_servers, topics)

    @contextmanager
    def open_reader(self) -> Iterator[KafkaReader]:
        """Yield a reader of ``video.transcribed``."""
        with open_reader(self.bootstrap_servers, group_id=self.group_id, topic=VIDEO_TRANSCRIBED) as reader:
            yield reader

    def write_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """Write to the dead-letter topic, and return once the broker has acknowledged all of them.

        Raises:
            BrokerUnavailableError: no broker took one; those before it may be there.
            MessageRejectedError: the topic refused one, even without its value.
        """
        if not letters:
            return
        with open_producer(self.bootstrap_servers) as producer:
            for letter in letters:
                self._write_dead_letter(producer, letter)

    def _write_dead_letter(self, producer: KafkaProducer, letter: DeadLetter) -> None:
        headers = dead_letter_headers(letter, consumer=self.group_id)
        try:
            producer.send(VIDEO_TRANSCRIBED_DEAD_LETTERS, key=letter.key, value=letter.value, headers=headers)
        except MessageRejectedError as error:
            # Too large for the topic, with its headers. The table has all of it.
            logger.warning("A dead letter stands in the topic without its value, and in the table with it: %s", error)
            own = len(letter.headers)
            producer.send(VIDEO_TRANSCRIBED_DEAD_LETTERS, key=None, value=None, headers=headers[own:])
