"""The rest of the platform in a chaos run: uploads videos, and announces them with a client that is not ours.

Belongs here: what the transcriber does, through outages. Does not belong here: which messages (``script``).
"""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import TypeVar

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError
from kafka.errors import KafkaError

from summary_pipeline_tests.chaos.script import Script, Sent
from summary_pipeline_tests.end_to_end.neighbour import TRANSCRIBED, Neighbour

_OUTAGES = (psycopg2.Error, BotoCoreError, ClientError, KafkaError)
_PATIENCE_SECONDS = 300.0
_PAUSE_SECONDS = 0.5

Result = TypeVar("Result")


def persistently(work: Callable[[], Result], *, stopped: Callable[[], bool] = lambda: False) -> Result:
    """Do ``work`` until no server is out of reach. It has to be safe to repeat.

    Raises:
        TimeoutError: the servers stayed away, or ``stopped`` says that nobody waits any more.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return work()
        except _OUTAGES as error:
            if time.monotonic() > deadline or stopped():
                raise TimeoutError(f"a server stays out of reach: {error}") from error
        time.sleep(_PAUSE_SECONDS)


def set_the_scene(script: Script, environment: Mapping[str, str]) -> None:
    """Enter the videos and upload the transcripts, before anything is killed."""
    with Neighbour(environment) as neighbour:
        for upload in script.uploads:
            neighbour.upload(upload.key, upload.body)
        for video_id in script.videos:
            neighbour.rows(
                "INSERT INTO videos (id, title, description, user_id, user_name, key, status)"
                " VALUES (%s, 'Chaos', '', 1, 'ada', %s, 'summarizing')",
                *(video_id, f"uploads/{video_id}.mp4"),
            )


class Transcriber:
    """Sends messages as the platform does: to Kafka, and then notes in the outbox that Kafka has them."""

    def __init__(self, environment: Mapping[str, str], *, stopped: Callable[[], bool]) -> None:
        self._environment = environment
        self._stopped = stopped

    def send_all(self, script: Script, *, started: float) -> None:
        """Send every message at its time after ``started`` (of the monotonic clock), or as soon as that is possible."""
        for message in script.sent:
            while (wait := started + message.at - time.monotonic()) > 0 and not self._stopped():
                time.sleep(min(wait, _PAUSE_SECONDS))
            persistently(lambda message=message: self._send(message), stopped=self._stopped)  # type: ignore[misc]

    def _send(self, message: Sent) -> None:
        """A message that was sent without an answer is sent again: the platform's events come at least once."""
        with Neighbour(self._environment) as neighbour:
            neighbour.produce(message.value, message.key)
            if message.event_id is not None:
                neighbour.rows(
                    "INSERT INTO outbox_events (id, topic, payload, published, published_at, service, created_at)"
                    " VALUES (%s, %s, %s, true, now() AT TIME ZONE 'utc', 'transcriber', now() AT TIME ZONE 'utc')"
                    " ON CONFLICT (id) DO NOTHING",
                    *(str(uuid.UUID(message.event_id)), TRANSCRIBED, json.dumps(json.loads(message.value or b""))),
                )
