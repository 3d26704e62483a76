"""``summary-pipeline demo``: transcripts in, summaries out, through everything that production uses.

Belongs here: the demo's course. Does not belong here: the transcripts, the database's rows, the table (``demo_*``).

The demo plays the platform: it uploads, writes the transcriber's events to the outbox, and reads ``video.summarized``
as search indexing would. Between them there is only the pipeline.
"""

import functools
import json
import mimetypes
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from summary_pipeline.contract.topics import TOPICS, VIDEO_SUMMARIZED
from summary_pipeline.contract.video_status import VideoStatus
from summary_pipeline.database.schema import create_missing_shared_tables, migrate_own_tables
from summary_pipeline.local.demo_records import DemoEvent, DemoVideo, enter, progress, results
from summary_pipeline.local.demo_table import result_table
from summary_pipeline.local.demo_transcripts import DemoTranscript, sample_transcripts, transcripts_in
from summary_pipeline.local.dev import stay_up
from summary_pipeline.local.errors import StackError
from summary_pipeline.local.session import FAILED, run_session
from summary_pipeline.local.stack import LocalStack
from summary_pipeline.local.status_board import StatusBoard
from summary_pipeline.resources.connections import open_database, open_object_store
from summary_pipeline.resources.kafka_reader import KafkaReader, open_reader
from summary_pipeline.resources.kafka_topics import ensure_topics
from summary_pipeline.settings import PlatformSettings, load_settings

STALL_SECONDS = 600.0
_POLL_SECONDS = 0.5
_DONE = frozenset({"done", "done before"})
_ENDED = _DONE | {"failed"}


def run_demo(environment: Mapping[str, str], *, transcripts: Path | None, stay: bool) -> int:
    """Summarize ``transcripts`` (a directory; None for the samples); return the exit status, 0 if all were summarized.

    Args:
        environment: The process's variables; what they name is used instead of an embedded part.
        transcripts: Directory of transcript files.
        stay: Keep the stack up afterwards, until Ctrl-C.

    Raises:
        SettingsError: a setting is missing or malformed.
    """
    return run_session(environment, functools.partial(_demo, directory=transcripts, stay=stay))


def _demo(stack: LocalStack, board: StatusBoard, console: Console, *, directory: Path | None, stay: bool) -> int:
    platform = load_settings(stack.child_environment).platform
    transcripts = sample_transcripts() if directory is None else transcripts_in(directory)
    with board.show(f"Summarizing {len(transcripts)} transcripts"):
        videos, problems = summarize(stack, platform, transcripts, board)
    console.print(result_table(results(open_database(platform).engine, videos)))
    for problem in problems:
        console.print(f"Not summarized: {problem}", style="red", highlight=False, markup=False, soft_wrap=True)
    if stay:
        stay_up(stack, board, console)
    else:
        console.print(
            f"Dagster's UI was at {stack.ui_url}; `make dev` starts it again, with all of this.", highlight=False
        )
    return FAILED if problems else 0


def summarize(
    stack: LocalStack, platform: PlatformSettings, transcripts: Sequence[DemoTranscript], board: StatusBoard
) -> tuple[dict[int, DemoEvent], list[str]]:
    """Put transcripts through the pipeline; return their events, and what went wrong, in words.

    Raises:
        PartFailedError: a part of the stack died.
        StackError: a video exists that is not the demo's, or ``video.summarized`` can't be read whole.
        DatabaseError, ObjectStoreError, KafkaException: a server did not do what was asked.
    """
    engine = open_database(platform).engine
    create_missing_shared_tables(engine, platform.db_schema)
    migrate_own_tables(engine, platform.db_schema)
    ensure_topics(platform.kafka_brokers, TOPICS)
    _upload(platform, transcripts)
    group = f"summary-pipeline-demo-{uuid.uuid4()}"
    with open_reader(platform.kafka_brokers, group_id=group, topic=VIDEO_SUMMARIZED) as reader:
        announced = Announced(reader)
        events = enter(engine, platform.db_schema, transcripts)
        problems = _follow(stack, lambda: progress(engine, events), events, announced, board)
    return events, problems


def _upload(platform: PlatformSettings, transcripts: Sequence[DemoTranscript]) -> None:
    bucket = open_object_store(platform)
    for transcript in transcripts:
        content_type = mimetypes.guess_type(transcript.file_name)[0] or "text/plain"
        bucket.write(transcript.object_key, transcript.content, content_type=content_type)


class Announced:
    """The videos that ``video.summarized`` has named since this was made."""

    def __init__(self, reader: KafkaReader) -> None:
        """Begin at the topic's end.

        Raises:
            StackError: one of its partitions can't be read; what it announces would be waited for in vain.
        """
        self._reader = reader
        state = reader.state()
        if state.unreadable:
            which = "; ".join(f"{number}: {absent.reason}" for number, absent in state.unreadable.items())
            raise StackError(f"Partitions of {VIDEO_SUMMARIZED} can't be read ({which}). Look at Kafka's brokers.")
        self._offsets = {number: partition.high for number, partition in state.partitions.items()}
        self.video_ids: set[int] = set()

    def read(self) -> None:
        """Read on, for a moment."""
        result = self._reader.read(self._offsets, max_messages=1000, max_seconds=_POLL_SECONDS)
        self._offsets = dict(result.next_offsets)
        self.video_ids |= {json.loads(message.value)["videoId"] for message in result.messages if message.value}


def _follow(
    stack: LocalStack,
    look: Callable[[], list[DemoVideo]],
    events: Mapping[int, DemoEvent],
    announced: Announced,
    board: StatusBoard,
) -> list[str]:
    """Wait until every video is done or failed; return what went wrong."""
    before: dict[int, str] = {}
    changed_at = time.monotonic()
    while True:
        announced.read()
        videos = look()
        states = {video.video_id: _state(video, events[video.video_id], announced.video_ids) for video in videos}
        for video in videos:
            detail = video.status_message if states[video.video_id] == "failed" else None
            board.update(_name(video), states[video.video_id], detail or "")
        if all(state in _ENDED for state in states.values()):
            return [f"{_name(video)}: {video.status_message}" for video in videos if states[video.video_id] == "failed"]
        if states != before:
            before, changed_at = states, time.monotonic()
        elif time.monotonic() - changed_at > STALL_SECONDS:
            late = f"for {STALL_SECONDS:g} s nothing has moved; its runs are in {stack.ui_url}"
            return [
                f"{_name(video)}: {states[video.video_id]}, {late}"
                for video in videos
                if states[video.video_id] not in _DONE
            ]
        stack.wait(_POLL_SECONDS)


def _state(video: DemoVideo, event: DemoEvent, announced: set[int]) -> str:
    if video.announced and (video.video_id in announced or not event.is_due):
        return "done" if event.is_due else "done before"
    if video.status == VideoStatus.FAILED:
        return "failed"
    if video.processed:
        return "saved"
    return "summarizing" if video.published else "waiting"


def _name(video: DemoVideo) -> str:
    return f"{video.video_id} {video.title}"
