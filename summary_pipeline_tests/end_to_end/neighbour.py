"""The rest of the platform, through clients that share no code with the pipeline's own.

The transcriber's part is to upload and announce, NestJS's is to read the database, the bucket and ``video.summarized``.
"""

import contextlib
import itertools
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import boto3
import psycopg2
import psycopg2.extras
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from summary_pipeline_tests.waiting import eventually

TRANSCRIBED = "video.transcribed"
SUMMARIZED = "video.summarized"
DEAD_LETTERS = "video.transcribed.dlq"

# The protocol that Apache Kafka 2.1 spoke: the client's own way to find out is not understood by librdkafka's mock.
_PROTOCOL = (2, 1)
_VIDEO_IDS = itertools.count(1001)

SNIPPETS = [
    {"text": "A lighthouse is a tower with a lamp that warns ships of rocks.", "start": 0.0, "duration": 5.0},
    {"text": "The first lamps burned wood, and later whale oil.", "start": 5.0, "duration": 4.0},
    {"text": "In 1822 a lens of glass rings threw the light twenty miles out.", "start": 9.0, "duration": 5.5},
    {
        "text": "Every tower has a rhythm of its own, so that sailors know where they are.",
        "start": 14.5,
        "duration": 5.0,
    },
    {"text": "Keepers wound a clockwork every few hours to turn the lens.", "start": 19.5, "duration": 4.5},
    {"text": "The last keeper on this coast went ashore in 1998.", "start": 24.0, "duration": 4.0},
    {"text": "Today a computer watches the lamp, and satellites guide the ships.", "start": 28.0, "duration": 5.0},
]


class Neighbour:
    """Connections to the stack's real servers. Rows and objects are returned as they are stored."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._brokers = environment["KAFKA_BROKERS"]
        self.bucket = environment["AWS_YOUTUBE_BUCKET"]
        self.s3 = boto3.client(
            "s3",
            endpoint_url=environment["AWS_S3_ENDPOINT"],
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )
        self._database = psycopg2.connect(
            host=environment["DB_HOST"],
            port=environment["DB_PORT"],
            user=environment["PG_USER"],
            password=environment["PG_PASSWORD"],
            dbname=environment["DB_NAME"],
        )
        self._database.autocommit = True
        self._producer = KafkaProducer(bootstrap_servers=self._brokers, api_version=_PROTOCOL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._producer.close(timeout=10)
        self._database.close()

    def add_video(
        self, transcript: bytes | None = json.dumps(SNIPPETS).encode(), suffix: str = "json"
    ) -> tuple[int, str]:
        """Enter a video that waits for its summary, and upload its transcript; return its id and the object's key."""
        video_id = next(_VIDEO_IDS)
        self.rows(
            "INSERT INTO videos (id, title, description, user_id, user_name, key, status)"
            " VALUES (%s, 'Lighthouses', '', 1, 'ada', %s, 'summarizing')",
            *(video_id, f"uploads/{video_id}.mp4"),
        )
        key = f"transcripts/{video_id}/transcript.{suffix}"
        if transcript is not None:
            self.upload(key, transcript)
        self.rows(
            "INSERT INTO video_transcripts (video_id, transcript_path, status) VALUES (%s, %s, 'completed')",
            *(video_id, key),
        )
        return video_id, key

    def upload(self, key: str, body: bytes) -> None:
        """Write an object."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def announce(self, video_id: int, key: str, *, message_key: bytes | None = None) -> dict[str, Any]:
        """Produce a new event for the video, and return it. Its message's key is the video's id unless told."""
        event = transcribed_event(video_id, key)
        self.produce(json.dumps(event).encode(), key=message_key or str(video_id).encode())
        return event

    def produce(
        self, value: bytes | None, key: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> ConsumerRecord:
        """Write to ``video.transcribed`` and return where it stands, once Kafka has it."""
        return self._producer.send(TRANSCRIBED, value, key, headers=list(headers)).get(30)

    def messages(self, topic: str, video_id: int | None = None) -> list[ConsumerRecord]:
        """Return all that a topic holds now, or what of it has the key of one video."""
        with contextlib.closing(self._consumer()) as consumer:
            ends = _ends(consumer, topic)
            consumer.assign(list(ends))
            consumer.seek_to_beginning(*ends)
            found: list[ConsumerRecord] = []
            while any(consumer.position(partition) < end for partition, end in ends.items()):
                found += itertools.chain.from_iterable(consumer.poll(timeout_ms=500).values())
        return [message for message in found if video_id is None or message.key == str(video_id).encode()]

    def ends(self, topic: str) -> dict[int, int]:
        """Return the offset of the next message of each of a topic's partitions."""
        with contextlib.closing(self._consumer()) as consumer:
            return {partition.partition: end for partition, end in _ends(consumer, topic).items()}

    def rows(self, statement: str, *parameters: object) -> list[dict[str, Any]]:
        """Execute a statement and return its rows, if it has any."""
        with self._database.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(statement, parameters)
            return [dict(row) for row in cursor.fetchall()] if cursor.description else []

    def video(self, video_id: int) -> dict[str, Any]:
        """Return the row of a video."""
        (row,) = self.rows("SELECT * FROM videos WHERE id = %s", video_id)
        return row

    def wait_for_status(self, status: str, *video_ids: int) -> None:
        """Wait until all of these videos have that status."""
        eventually(
            lambda: self.rows("SELECT id, status, status_message FROM videos WHERE id = ANY(%s)", list(video_ids)),
            f"videos {video_ids} are {status}",
            until=lambda videos: {video["status"] for video in videos} == {status},
        )

    def effect(self, video_id: int, *event_ids: str) -> dict[str, Any]:
        """Return all that the pipeline has done about a video: rows, objects, and messages in Kafka."""
        # Messages first: rows and objects are there before a message is, so that none can be missing beside it.
        messages = [message.value for message in self.messages(SUMMARIZED, video_id)]
        by_video = {
            table: self.rows(f"SELECT * FROM {table} WHERE {column} = %s ORDER BY id", video_id)  # noqa: S608 - ours
            for table, column in (("videos", "id"), ("video_summaries", "video_id"), ("video_status_log", "video_id"))
        }
        outbox = "SELECT * FROM outbox_events WHERE topic = %s AND payload->>'videoId' = %s ORDER BY created_at"
        processed = "SELECT * FROM processed_messages WHERE message_id = ANY(%s) ORDER BY id"
        return {
            **by_video,
            "outbox_events": self.rows(outbox, SUMMARIZED, str(video_id)),
            "processed_messages": self.rows(processed, list(event_ids)),
            "objects": self.objects(f"summaries/{video_id}/"),
            "messages": messages,
        }

    def settled_effect(self, video_id: int, *event_ids: str, summaries: int = 1) -> dict[str, Any]:
        """Wait until that many ``video.summarized`` came and their rows say so; return the effect."""
        return eventually(
            lambda: self.effect(video_id, *event_ids),
            f"{summaries} video.summarized of video {video_id}",
            until=lambda seen: (
                len(seen["messages"]) == summaries and all(row["published"] for row in seen["outbox_events"])
            ),
        )

    def objects(self, prefix: str) -> dict[str, tuple[str, datetime]]:
        """Return the objects under a prefix: their ETag and when each was written."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return {found["Key"]: (found["ETag"], found["LastModified"]) for found in listed}

    def read(self, key: str) -> bytes:
        """Return the content of an object."""
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def _consumer(self) -> KafkaConsumer:
        return KafkaConsumer(bootstrap_servers=self._brokers, api_version=_PROTOCOL, enable_auto_commit=False)


def transcribed_event(video_id: int, key: str) -> dict[str, Any]:
    """Return a new event as the transcriber makes it."""
    return {
        "id": str(uuid.uuid4()),
        "videoId": video_id,
        "transcriptFileKey": key,
        "snippetCount": len(SNIPPETS),
        "ts": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    }


def _ends(consumer: KafkaConsumer, topic: str) -> dict[TopicPartition, int]:
    partitions = consumer.partitions_for_topic(topic) or ()
    ends: dict[TopicPartition, int] = consumer.end_offsets([TopicPartition(topic, number) for number in partitions])
    return ends
