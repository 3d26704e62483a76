"""Making sure that topics exist.

Belongs here: looking topics up and creating what is missing. Does not belong here: reading or writing messages.
"""

from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

REQUEST_TIMEOUT_SECONDS = 10.0
NEW_TOPIC_PARTITIONS = 4


class TopicCreationError(RuntimeError):
    """A topic is missing and could not be created."""


def ensure_topics(bootstrap_servers: str, topics: Sequence[str]) -> tuple[str, ...]:
    """Create those of ``topics`` that the cluster does not have, with its default replication; return their names.

    Raises:
        TopicCreationError: the broker refused, or did not answer in time.
        KafkaException: no broker could be reached.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 3})
    existing = admin.list_topics(timeout=REQUEST_TIMEOUT_SECONDS).topics
    missing = tuple(topic for topic in topics if topic not in existing)
    if not missing:
        return ()
    futures = admin.create_topics(
        [NewTopic(topic, num_partitions=NEW_TOPIC_PARTITIONS, replication_factor=-1) for topic in missing],
        operation_timeout=REQUEST_TIMEOUT_SECONDS,
        request_timeout=REQUEST_TIMEOUT_SECONDS,
    )
    for topic, future in futures.items():
        try:
            future.result(timeout=REQUEST_TIMEOUT_SECONDS + 1)
        except (KafkaException, TimeoutError) as error:
            if _already_exists(error):
                continue
            raise TopicCreationError(
                f"Kafka has no topic {topic!r} and refused to create it ({error}). Create it by hand, or allow this "
                "client to create topics."
            ) from error
    return missing


def _already_exists(error: Exception) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(cause, KafkaError) and cause.code() == KafkaError.TOPIC_ALREADY_EXISTS
