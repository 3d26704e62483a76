"""Signs of life of what this service depends on, and what waits for somebody.

Belongs here: one cheap question for each server, and a few counts. Does not belong here: HTTP (``app``).
"""

import dataclasses
from collections.abc import Mapping

from confluent_kafka.admin import AdminClient

from summary_pipeline.database.dead_letters import open_dead_letters
from summary_pipeline.database.engine import ping
from summary_pipeline.database.queries import outbox_backlog, stuck_videos
from summary_pipeline.health.app import Check, Detail
from summary_pipeline.resources.connections import open_database, open_object_store
from summary_pipeline.settings import Settings

KAFKA_SECONDS = 5.0
MOST_STUCK_VIDEOS = 1000


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


def build_details(settings: Settings) -> Mapping[str, Detail]:
    """Return what is counted: the outbox, dead letters that nobody has replayed, videos that wait for too long."""
    engine = open_database(settings.platform).engine
    limits = settings.pipeline

    def outbox() -> dict[str, float | int | None]:
        return dataclasses.asdict(outbox_backlog(engine))

    def dead_letters() -> dict[str, float | int | None]:
        return {"not_replayed": open_dead_letters(engine)}

    def videos() -> dict[str, float | int | None]:
        found = stuck_videos(engine, limits.summary_stuck_after_seconds, limit=MOST_STUCK_VIDEOS)
        return {"stuck": len(found), "stuck_are_counted_up_to": MOST_STUCK_VIDEOS}

    return {"outbox": outbox, "dead_letters": dead_letters, "videos": videos}
