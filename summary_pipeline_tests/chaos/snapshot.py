"""All that the stores hold after a run, read directly: SQL, S3 and Kafka by clients that the pipeline does not use.

Belongs here: what a snapshot is, and taking one. Does not belong here: what has to hold for it (``invariants``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg2

from summary_pipeline_tests.chaos.script import Script
from summary_pipeline_tests.end_to_end.neighbour import DEAD_LETTERS, SUMMARIZED, TRANSCRIBED, Neighbour

_ERRORS = "__connect.errors."
_ENDED = ("SUCCESS", "FAILURE", "CANCELED")


@dataclass(frozen=True, slots=True)
class Message:
    """A message of ``video.transcribed`` or ``video.summarized``, and where it stands."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter, and the place of the message that it is a copy of.

    One without a place is an event that the sweep gave up.
    """

    partition: int | None
    offset: int | None
    key: bytes | None
    value: bytes | None
    reason: str


@dataclass(frozen=True, slots=True)
class Event:
    """A valid event that was sent. ``ts`` is in UTC."""

    id: str
    video_id: int
    ts: datetime
    has_transcript: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """A row of ``video_status_log``."""

    video_id: int
    before: str
    after: str
    reason: str
    event_id: str | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A row of ``outbox_events`` for ``video.summarized``."""

    id: str
    video_id: int
    payload: Mapping[str, Any]
    published: bool


@dataclass(frozen=True, slots=True)
class StoredSummary:
    """A row of ``video_summaries``. ``source_event`` is the id of the event that it answers."""

    video_id: int
    text: str
    path: str
    source_event: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The stores, and what was sent. Rows are in the order of their ids or times, messages in that of their offsets."""

    events: tuple[Event, ...]
    statuses: Mapping[int, tuple[str, str | None]]
    """``videos.status`` and ``status_message`` by video."""
    processed: tuple[str, ...]
    """``processed_messages.message_id``; one that stands twice is here twice."""
    summaries: tuple[StoredSummary, ...]
    steps: tuple[Step, ...]
    outbox: tuple[Outgoing, ...]
    objects: Mapping[str, bytes]
    """What lies under ``summaries/``, by key."""
    transcribed: tuple[Message, ...]
    summarized: tuple[Message, ...]
    letters: tuple[Letter, ...]
    runs_under_way: int
    failing_sensors: tuple[str, ...]
    """Sensors whose newest tick that has ended failed."""

    def copy(self, **changes: Any) -> "Snapshot":  # noqa: ANN401 - of any field
        """Return a snapshot that differs in some fields."""
        return Snapshot(**{**{name: getattr(self, name) for name in self.__dataclass_fields__}, **changes})


def events_of(script: Script) -> tuple[Event, ...]:
    """Return the valid events of a script, each once."""
    events = {
        sent.event_id: Event(sent.event_id, sent.video_id, sent.ts, sent.has_transcript)
        for sent in script.sent
        if sent.event_id is not None and sent.video_id is not None and sent.ts is not None
    }
    return tuple(events.values())


def take_snapshot(script: Script, environment: Mapping[str, str]) -> Snapshot:
    """Read all stores. They must be up, and should be at rest."""
    with Neighbour(environment) as stores:
        return Snapshot(
            events=events_of(script),
            statuses={row["id"]: (row["status"], row["status_message"]) for row in stores.rows("SELECT * FROM videos")},
            processed=tuple(
                row["message_id"] for row in stores.rows("SELECT message_id FROM processed_messages ORDER BY id")
            ),
            summaries=tuple(_summary(row) for row in stores.rows("SELECT * FROM video_summaries ORDER BY id")),
            steps=tuple(
                Step(row["video_id"], row["from_status"], row["to_status"], row["reason"], row["event_id"])
                for row in stores.rows("SELECT * FROM video_status_log ORDER BY id")
            ),
            outbox=tuple(
                Outgoing(str(row["id"]), row["payload"]["videoId"], row["payload"], row["published"])
                for row in stores.rows(
                    "SELECT id, payload, published FROM outbox_events WHERE topic = %s ORDER BY created_at", SUMMARIZED
                )
            ),
            objects={key: stores.read(key) for key in stores.objects("summaries/")},
            transcribed=_messages(stores, TRANSCRIBED),
            summarized=_messages(stores, SUMMARIZED),
            letters=tuple(_letter(message) for message in stores.messages(DEAD_LETTERS)),
            runs_under_way=_runs_under_way(environment["DAGSTER_POSTGRES_URL"]),
            failing_sensors=_failing_sensors(environment["DAGSTER_POSTGRES_URL"]),
        )


def _summary(row: Mapping[str, Any]) -> StoredSummary:
    source = (row["model_info"] or {}).get("source_event") or {}
    return StoredSummary(row["video_id"], row["summary_text"], row["summary_path"], source.get("id"))


def _messages(stores: Neighbour, topic: str) -> tuple[Message, ...]:
    found = (Message(item.partition, item.offset, item.key, item.value) for item in stores.messages(topic))
    return tuple(sorted(found, key=lambda message: (message.partition, message.offset)))


def _letter(message: Any) -> Letter:  # noqa: ANN401 - kafka-python publishes no types
    headers = {name.removeprefix(_ERRORS): value.decode() for name, value in message.headers if value is not None}
    return Letter(
        partition=int(headers["partition"]) if "partition" in headers else None,
        offset=int(headers["offset"]) if "offset" in headers else None,
        key=message.key,
        value=message.value,
        reason=headers["exception.message"],
    )


def _runs_under_way(dagster_url: str) -> int:
    ((count,),) = _dagster_rows(dagster_url, "SELECT count(*) FROM runs WHERE status <> ALL(%s)", list(_ENDED))
    return int(count)


def _failing_sensors(dagster_url: str) -> tuple[str, ...]:
    newest = """
        SELECT name FROM (
            SELECT DISTINCT ON (selector_id) tick_body::json ->> 'job_name' AS name, status
            FROM job_ticks WHERE type = 'SENSOR' AND status <> 'STARTED' ORDER BY selector_id, id DESC
        ) AS newest WHERE status = %s ORDER BY name"""
    return tuple(name for (name,) in _dagster_rows(dagster_url, newest, "FAILURE"))


def _dagster_rows(dagster_url: str, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    connection = psycopg2.connect(dagster_url.replace("+psycopg2", "", 1))
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall()
    finally:
        connection.close()
