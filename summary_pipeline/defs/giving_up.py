"""Events for which no further run is requested, where people see them and can replay them.

Belongs here: the event that a run answered, and its dead letter in table and topic. Does not belong here: deciding that
an event is given up (``sweep``, ``failure_sensor``), and what a letter says (``intake.dead_letters``).
"""

from collections.abc import Sequence
from typing import Final

from confluent_kafka import KafkaException

from summary_pipeline.contract.dead_letter import DeadLetter
from summary_pipeline.contract.events import VideoTranscribed
from summary_pipeline.contract.topics import TOPICS
from summary_pipeline.database.outbox_producer import DeliveryError
from summary_pipeline.defs.run_tags import EventOrigin
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.kafka import Kafka
from summary_pipeline.resources.kafka_topics import TopicCreationError

KAFKA_TROUBLE: Final = (DeliveryError, KafkaException, TopicCreationError)
"""What ``keep_dead_letters`` raises where the topic can't take a letter."""


def event_of(origin: EventOrigin) -> VideoTranscribed:
    """Return the event that a run's tags tell of."""
    return VideoTranscribed(
        id=origin.event_id,
        video_id=origin.video_id,
        transcript_file_key=origin.transcript_key,
        snippet_count=origin.snippet_count,
        ts=origin.ts,
    )


def keep_dead_letters(letters: Sequence[DeadLetter], database: Database, kafka: Kafka) -> None:
    """Keep dead letters in the table, each once, and in the topic. Returns once both have all of them.

    The table comes first, because it takes a repeat for what it is.

    Raises:
        DatabaseError: the table could not take them.
        DeliveryError, KafkaException, TopicCreationError: the topic could not; the table has them.
    """
    if not letters:
        return
    database.record_dead_letters(letters)
    kafka.ensure_topics(TOPICS)
    kafka.write_dead_letters(letters)
