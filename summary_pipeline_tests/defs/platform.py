"""What tests of assets and sensors do with the platform: put videos in, ask the stores what came out."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from summary_pipeline.database.models import OutboxEvent, ProcessedMessage, Video, VideoSummary, VideoTranscript
from summary_pipeline.defs.run_tags import EventOrigin
from summary_pipeline.resources.object_store import ObjectStore

TALK = (
    "A bicycle hub turns on two rings of loose balls. The balls run in cups that are pressed into the shell. "
    "A cone on each side of the axle holds them in place. When the cones are too tight the wheel grinds. "
    "When they are too loose the rim moves from side to side. Old grease is wiped away before new grease goes in. "
    "Each ball is counted, because one that is missing lets the others wander. The lock nut is tightened last."
)


def snippets(text: str = TALK) -> bytes:
    """Return a transcript document: a sentence a snippet, five seconds each."""
    sentences = [f"{sentence.strip()}." for sentence in text.split(".") if sentence.strip()]
    return json.dumps(
        [{"text": sentence, "start": 5.0 * number, "duration": 4.5} for number, sentence in enumerate(sentences)]
    ).encode()


@dataclass(frozen=True)
class Platform:
    """The stores, the definitions under test, and an instance of Dagster."""

    engine: Engine
    objects: ObjectStore
    defs: dg.Definitions
    instance: dg.DagsterInstance

    def add_video(
        self, video_id: int, transcript: bytes | None = None, *, key: str | None = None, status: str = "summarizing"
    ) -> EventOrigin:
        """Put a video in, its transcript in the bucket, and return the event that would announce it."""
        key = key or f"transcripts/{video_id}/transcript.json"
        if transcript is not None:
            self.objects.write(key, transcript, content_type="application/json")
        with Session(self.engine) as session:
            session.add(
                Video(
                    id=video_id,
                    title=f"Video {video_id}",
                    description="",
                    user_id=1,
                    user_name="someone",
                    key=f"videos/{video_id}",
                    status=status,
                )
            )
            session.commit()
        return EventOrigin(event_id=str(uuid.uuid4()), video_id=video_id, transcript_key=key)

    def record_transcript(self, video_id: int, path: str) -> None:
        """Write the transcriber's row."""
        with Session(self.engine) as session:
            session.add(VideoTranscript(video_id=video_id, transcript_path=path, status="completed"))
            session.commit()

    def summarize(
        self, video_id: int, origin: EventOrigin | None = None, tags: Mapping[str, str] | None = None
    ) -> dg.ExecuteInProcessResult:
        """Run the job for one video, as an event or (without ``origin``) a backfill would."""
        self.instance.add_dynamic_partitions("videos", [str(video_id)])
        return self.defs.resolve_job_def("summarize_video").execute_in_process(
            instance=self.instance,
            partition_key=str(video_id),
            tags={**(origin.to_tags() if origin else {}), **(tags or {})},
            raise_on_error=False,
        )

    def video(self, video_id: int) -> Video:
        """Return the video's row."""
        with Session(self.engine) as session:
            return session.scalars(select(Video).where(Video.id == video_id)).one()

    def summary(self, video_id: int) -> VideoSummary | None:
        """Return the video's summary, if there is one."""
        with Session(self.engine) as session:
            return session.scalars(select(VideoSummary).where(VideoSummary.video_id == video_id)).one_or_none()

    def outbox(self) -> list[OutboxEvent]:
        """Return all outgoing events."""
        with Session(self.engine) as session:
            return list(session.scalars(select(OutboxEvent).order_by(OutboxEvent.created_at)))

    def processed(self) -> set[str]:
        """Return the ids of all events that had their effect."""
        with Session(self.engine) as session:
            return set(session.scalars(select(ProcessedMessage.message_id)))

    def document(self, video_id: int) -> dict[str, Any]:
        """Return ``summary.json``."""
        body = self.objects.read(f"summaries/{video_id}/summary.json", max_bytes=10**7).body
        loaded: dict[str, Any] = json.loads(body)
        return loaded
