"""Signs of life of what this service depends on.

Belongs here: one cheap question for each server. Does not belong here: HTTP (``app``).
"""

from collections.abc import Mapping

from confluent_kafka.admin import AdminClient

from summary_pipeline.database.engine import ping
from summary_pipeline.health.app import Check
from summary_pipeline.resources.connections import open_database, open_object_store
from summary_pipeline.settings import Settings

KAFKA_SECONDS = 5.0


def build_checks(settings: Settings) -> Mapping[str, Check]:
    """Return a check for PostgreSQL, Kafka and S3. The language model is left out: each question to it may cost."""
    platform = settings.platform
    objects = open_object_store(platform)
    engine = open_database(platform).engine
    kafka = AdminClient({"bootstrap.servers": platform.kafka_brokers, "log_level": 0})

    def postgresql() -> None:
        ping(engine)

    def kafka_cluster() -> None:
        kafka.list_topics(timeout=KAFKA_SECONDS)

    return {"postgresql": postgresql, "kafka": kafka_cluster, "s3": objects.require_bucket}
