"""Rows of the outbox for tests of the relay, and what became of them."""

import json
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, insert, update

from summary_pipeline.database.models import OutboxEvent
from summary_pipeline.database.own_models import OutboxFailure
from summary_pipeline_tests.database.rows import all_of
from summary_pipeline_tests.kafka_support import TopicWriter, read_all

START = datetime(2024, 1, 1)  # noqa: DTZ001 - as the column holds it


def new_topic(bootstrap: str) -> str:
    """Return a topic that nobody else writes to."""
    return TopicWriter(bootstrap, f"relay-{uuid4()}").topic


def add(engine: Engine, topic: str, number: int, video_id: object = 7, **columns: object) -> UUID:
    """Add the ``number``-th row of the outbox, in order of time."""
    event_id = uuid4()
    payload: dict[str, Any] = {"id": str(event_id), "videoId": video_id, "number": number}
    values: dict[str, Any] = {
        "id": event_id,
        "topic": topic,
        "payload": payload,
        "service": "nestjs",
        "created_at": START + timedelta(seconds=number),
        **columns,
    }
    with engine.begin() as connection:
        connection.execute(insert(OutboxEvent).values(values))
    return event_id


def numbers(bootstrap: str, topic: str) -> dict[bytes | None, list[int]]:
    """Return the numbers of the rows in Kafka by message key, in their order."""
    found: dict[bytes | None, list[int]] = defaultdict(list)
    for message in read_all(bootstrap, topic):
        key, value = message.key(), message.value()
        assert isinstance(value, bytes)
        assert key is None or isinstance(key, bytes)
        found[key].append(json.loads(value)["number"])
    return dict(found)


def unpublished(engine: Engine) -> dict[UUID, int]:
    """Return the unpublished rows and their attempts."""
    return {row.id: row.attempts for row in all_of(engine, OutboxEvent) if not row.published}


def end_backoff(engine: Engine) -> None:
    """Let rows that failed be due."""
    with engine.begin() as connection:
        connection.execute(update(OutboxFailure).values(next_attempt_at=START))
