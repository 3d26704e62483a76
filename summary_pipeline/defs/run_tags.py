"""The tags that tell on a run's page which event it came from.

Belongs here: their names, and the way from an event to tags and back. Does not belong here: Dagster's own tags.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

EVENT_ID = "summary_pipeline/event_id"
VIDEO_ID = "summary_pipeline/video_id"
TRANSCRIPT_KEY = "summary_pipeline/transcript_key"
EVENT_TS = "summary_pipeline/event_ts"
SNIPPET_COUNT = "summary_pipeline/snippet_count"
KAFKA_CLUSTER = "summary_pipeline/kafka_cluster"
KAFKA_TOPIC = "summary_pipeline/kafka_topic"
KAFKA_PARTITION = "summary_pipeline/kafka_partition"
KAFKA_OFFSET = "summary_pipeline/kafka_offset"
STUCK_SINCE = "summary_pipeline/stuck_since"
"""On runs that the sweep asked for, for the video's sake: since when (UTC) the video had been ``summarizing``."""

FRESH_VIDEO_PRIORITY = {"dagster/priority": "1"}
"""Runs that an event asked for overtake queued backfills, whose priority is 0."""


@dataclass(frozen=True, slots=True)
class EventOrigin:
    """The event that a run answers. A backfill has none."""

    event_id: str
    video_id: int
    transcript_key: str
    ts: datetime | None = None
    snippet_count: int | None = None
    cluster_id: str | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None

    def to_tags(self) -> dict[str, str]:
        """Return the run tags that carry this origin."""
        values = {
            EVENT_ID: self.event_id,
            VIDEO_ID: self.video_id,
            TRANSCRIPT_KEY: self.transcript_key,
            EVENT_TS: self.ts.isoformat() if self.ts else None,
            SNIPPET_COUNT: self.snippet_count,
            KAFKA_CLUSTER: self.cluster_id,
            KAFKA_TOPIC: self.topic,
            KAFKA_PARTITION: self.partition,
            KAFKA_OFFSET: self.offset,
        }
        return {name: str(value) for name, value in values.items() if value is not None}

    @classmethod
    def from_tags(cls, tags: Mapping[str, str]) -> "EventOrigin | None":
        """Return the origin that a run's tags carry, or None for a run that no event asked for."""
        if EVENT_ID not in tags:
            return None

        def number(name: str) -> int | None:
            return int(tags[name]) if name in tags else None

        return cls(
            event_id=tags[EVENT_ID],
            video_id=int(tags[VIDEO_ID]),
            transcript_key=tags[TRANSCRIPT_KEY],
            ts=datetime.fromisoformat(tags[EVENT_TS]) if EVENT_TS in tags else None,
            snippet_count=number(SNIPPET_COUNT),
            cluster_id=tags.get(KAFKA_CLUSTER),
            topic=tags.get(KAFKA_TOPIC),
            partition=number(KAFKA_PARTITION),
            offset=number(KAFKA_OFFSET),
        )
