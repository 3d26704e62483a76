"""Signs of life of what this service depends on, and what waits for somebody.

Belongs here: one cheap question for each server, and a few counts. Does not belong here: HTTP (``app``).
"""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from summary_pipeline.database.dead_letters import open_dead_letters
from summary_pipeline.database.engine import ping
from summary_pipeline.database.outbox_backlog import outbox_backlog
from summary_pipeline.database.queries import stuck_videos
from summary_pipeline.health.app import Check, Detail
from summary_pipeline.resources.connections import open_database, open_object_store
from summary_pipeline.settings import PlatformSettings, Settings

DEPENDENCIES: Final = ("postgresql", "kafka", "s3")
KAFKA_SECONDS = 5.0
MOST_STUCK_VIDEOS = 1000


class BrokersAwayError(Exception):
    """No broker answered; the message says which were asked."""


def build_checks(settings: Settings, names: Collection[str] = DEPENDENCIES) -> Mapping[str, Check]:
    """Return a check for each of ``names``. The language model has none: each question to it may cost."""
    makers = {"postgresql": _postgresql, "kafka": _kafka, "s3": _s3}
    return {name: make(settings.platform) for name, make in makers.items() if name in names}


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


def _postgresql(platform: PlatformSettings) -> Check:
    engine = open_database(platform).engine

    def check() -> None:
        ping(engine)

    return check


def _kafka(platform: PlatformSettings) -> Check:
    brokers = platform.kafka_brokers
    client = AdminClient({"bootstrap.servers": brokers, "log_level": 0})

    def check() -> None:
        try:
            client.list_topics(timeout=KAFKA_SECONDS)
        except KafkaException as error:
            raise BrokersAwayError(f"{brokers} (KAFKA_BROKERS): {error.args[0].str()}") from error

    return check


def _s3(platform: PlatformSettings) -> Check:
    return open_object_store(platform).require_bucket
