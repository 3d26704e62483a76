"""``summary-pipeline demo`` as people run it, one session after the other on the same data."""

import json
import re
import signal
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest

from summary_pipeline.contract.topics import VIDEO_SUMMARIZED, VIDEO_TRANSCRIBED
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline_tests.local.process_support import require_none_of
from summary_pipeline_tests.stack_command import UP, StackCommand
from summary_pipeline_tests.waiting import eventually

pytestmark = [pytest.mark.end_to_end, pytest.mark.servers, pytest.mark.timeout(900)]

TIDES = (
    "The harbour falls dry twice a day. The Moon pulls the near side of the sea more than the ground below it. "
    "The far side is pulled less, so the water stays behind there. That is why there are two tides and not one."
)
LOCKS = [
    {"text": "A canal lock lifts a boat without a pump.", "start": 0.0, "duration": 3.0},
    {"text": "Water runs down from the upper pound and fills the chamber.", "start": 3.0, "duration": 4.0},
    {"text": "The gates hold because the pressure pushes them into each other.", "start": 7.0, "duration": 4.0},
]


@dataclass(frozen=True)
class Sessions:
    """What the sessions said and left behind, in their order."""

    first: StackCommand
    first_status: int
    after_first: Counter[str]
    second: StackCommand
    second_status: int
    after_second: Counter[str]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    transcripts = tmp_path_factory.mktemp("demo") / "transcripts"
    transcripts.mkdir()
    (transcripts / "11-tides.txt").write_text(TIDES, encoding="utf-8")
    (transcripts / "12-locks.json").write_text(json.dumps(LOCKS), encoding="utf-8")
    return transcripts


@pytest.fixture(scope="module")
def sessions(directory: Path) -> Sessions:
    silent = directory / "13-silent.txt"
    silent.touch()
    first = demo(directory)
    first_status = finish(first)
    after_first = stored(first.data_dir)
    silent.unlink()
    second = demo(directory, terminal=True)
    second_status = interrupted(second)
    return Sessions(first, first_status, after_first, second, second_status, stored(second.data_dir))


def demo(transcripts: Path, *, terminal: bool = False) -> StackCommand:
    data_dir = transcripts.parent / "data"
    return StackCommand("demo", "--transcripts", str(transcripts), data_dir=data_dir, terminal=terminal)


def finish(command: StackCommand) -> int:
    try:
        command.start()
        return command.wait(400)
    finally:
        command.kill()


def interrupted(command: StackCommand) -> int:
    """Let it come up and stay, then press Ctrl-C."""
    try:
        command.start()
        command.wait_until_up()
        return command.stop(signal.SIGINT)
    finally:
        command.kill()


def stored(data_dir: Path) -> Counter[str]:
    """Count the rows that a session has left, by what they say."""
    with (
        EmbeddedPostgres(data_dir / "postgresql") as server,
        closing(psycopg2.connect(server.url("videos", "postgresql"))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("""
            SELECT 'video ' || id || ' ' || status FROM videos
            UNION ALL SELECT 'summary ' || video_id FROM video_summaries
            UNION ALL SELECT 'processed' FROM processed_messages
            UNION ALL SELECT topic || ' ' || (payload ->> 'videoId') || ' ' || published FROM outbox_events
        """)
        return Counter(row[0] for row in cursor.fetchall())


def test_every_summary_comes_back_out_of_kafka_and_into_the_table(sessions: Sessions) -> None:
    assert "done         11 11-tides" in sessions.first.output
    assert "done         12 12-locks" in sessions.first.output
    table = sessions.first.output.partition("Summaries")[2]
    assert "11 11-tides" in table
    assert "12 12-locks" in table


def test_a_file_without_speech_makes_it_fail_and_say_why(sessions: Sessions) -> None:
    assert sessions.first_status == 1
    (problem,) = [line for line in sessions.first.output.splitlines() if line.startswith("Not summarized: ")]
    assert problem.startswith("Not summarized: 13 13-silent: ")
    assert "13-silent" not in sessions.first.output.partition("Summaries")[2].partition("Not summarized")[0]


def test_each_summarized_video_has_left_exactly_one_of_everything(sessions: Sessions) -> None:
    expected = Counter({"processed": 2, "video 13 failed": 1, f"{VIDEO_TRANSCRIBED} 13 true": 1})
    for video_id in (11, 12):
        expected[f"video {video_id} indexing"] = 1
        expected[f"summary {video_id}"] = 1
        expected[f"{VIDEO_TRANSCRIBED} {video_id} true"] = 1
        expected[f"{VIDEO_SUMMARIZED} {video_id} true"] = 1
    assert sessions.after_first == expected


def test_a_second_demo_on_the_same_data_changes_nothing_and_shows_the_summaries(sessions: Sessions) -> None:
    assert re.search(r"11 11-tides +done before", sessions.second.output)
    assert "12 12-locks" in sessions.second.output.partition("Summaries")[2]
    assert sessions.after_second == sessions.after_first


def test_at_a_terminal_it_stays_until_ctrl_c_and_leaves_no_process(sessions: Sessions) -> None:
    assert f"Dagster's UI: {sessions.second.ui_url}" in sessions.second.output
    assert sessions.second_status == 0
    require_none_of(sessions.second.data_dir, 1)


def test_sigterm_while_it_starts_leaves_no_process(tmp_path: Path, directory: Path) -> None:
    command = StackCommand("demo", "--transcripts", str(directory), data_dir=tmp_path / "data")
    try:
        command.start()
        eventually(
            lambda: command.output,
            "the code server",
            until=lambda seen: "starting     code-server" in seen,
            check=command.check,
        )
        assert command.stop(signal.SIGTERM) == 128 + signal.SIGTERM
        assert UP not in command.output
    finally:
        command.kill()
    require_none_of(tmp_path / "data", 1)
