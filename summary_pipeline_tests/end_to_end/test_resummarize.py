"""``summary-pipeline resummarize``, run beside a running stack as an operator runs it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from summary_pipeline_tests.end_to_end.dagster_api import STEPS, DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import Neighbour
from summary_pipeline_tests.stack_command import StackCommand
from summary_pipeline_tests.waiting import eventually

pytestmark = pytest.mark.end_to_end

REPOSITORY = Path(__file__).parents[2]

Command = Callable[..., str]


@pytest.fixture(scope="module")
def resummarize(stack: StackCommand) -> Command:
    """Run the command with the variables of the running stack, and return what it prints."""

    def run(*arguments: str) -> str:
        ended = _run(stack, sys.executable, "-m", "summary_pipeline.cli", "resummarize", *arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


def _run(stack: StackCommand, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **stack.environment},
        cwd=cwd or stack.data_dir.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def backfill_id(printed: str) -> str:
    found = re.search(r"Backfill (\w+): http", printed)
    assert found is not None, printed
    return found[1]


def model_calls(stack: StackCommand) -> int:
    """Return how many calls the offline model has had since it was started."""
    control = stack.environment["OPENAI_BASE_URL"].removesuffix("/v1")
    return int(httpx.get(f"{control}/_control/stats").raise_for_status().json()["calls"])


@dataclass(frozen=True)
class Again:
    """A video that was ready and has been summarized again, and one that no event was ever about."""

    video_id: int
    event_id: str
    unheard_of: int
    before: dict[str, Any]
    effect: dict[str, Any]
    printed: str
    calls: int


@pytest.fixture(scope="module")
def again(stack: StackCommand, neighbour: Neighbour, dagster: DagsterApi, resummarize: Command) -> Again:
    video_id, key = neighbour.add_video()
    event_id = neighbour.announce(video_id, key)["id"]
    neighbour.settled_effect(video_id, event_id)
    dagster.ended_runs_of(video_id)
    unheard_of, _ = neighbour.add_video()
    neighbour.rows("UPDATE videos SET status = 'ready' WHERE id = %s", video_id)
    before = json.loads(neighbour.read(f"summaries/{video_id}/summary.json"))
    calls = model_calls(stack)
    printed = resummarize("--videos", f"{video_id},{unheard_of}")
    effect = neighbour.settled_effect(video_id, event_id, summaries=2)
    neighbour.settled_effect(unheard_of)
    return Again(video_id, event_id, unheard_of, before, effect, printed, model_calls(stack) - calls)


def test_a_ready_video_is_indexed_again_and_announced_under_a_new_id(again: Again) -> None:
    first, second = (json.loads(message) for message in again.effect["messages"])
    assert first["id"] != second["id"]
    log = [(row["from_status"], row["to_status"], row["event_id"]) for row in again.effect["video_status_log"]]
    assert log == [("summarizing", "indexing", again.event_id), ("ready", "indexing", None)]


def test_row_and_files_are_replaced_and_the_earlier_version_is_kept(again: Again, neighbour: Neighbour) -> None:
    (row,) = again.effect["video_summaries"]
    current = json.loads(neighbour.read(f"summaries/{again.video_id}/summary.json"))
    versions = neighbour.rows("SELECT * FROM summary_versions WHERE video_id = %s ORDER BY id", again.video_id)
    assert [version["source_event_id"] for version in versions] == [again.event_id, None]
    first, second = (json.loads(neighbour.read(version["summary_path"])) for version in versions)
    assert first == again.before != current
    assert second == current
    assert row["summary_path"] == f"summaries/{again.video_id}/summary.json"
    assert row["model_info"]["summarized_event_id"] == versions[1]["summarized_event_id"]


def test_answers_that_are_stored_are_not_asked_for_again(again: Again) -> None:
    (summary,) = again.effect["video_summaries"]
    assert summary["model_info"]["provenance"]["usage"]["calls"] == 0
    # That of the same transcript of the other video, word for word, was stored too.
    assert again.calls == 0


def test_dagster_shows_an_asset_backfill_of_all_five_assets(again: Again, dagster: DagsterApi) -> None:
    launched = backfill_id(again.printed)
    shown = eventually(
        lambda: dagster.backfill(launched), "the backfill ends", until=lambda seen: seen["status"] != "REQUESTED"
    )
    assert shown["status"] == "COMPLETED_SUCCESS"
    assert shown["isAssetBackfill"]
    assert {key["path"][0] for key in shown["assetSelection"]} == set(STEPS)
    assert set(shown["partitionNames"]) == {str(again.video_id), str(again.unheard_of)}
    assert shown["title"] == "Summarize 2 video(s) again"
    for video_id in (again.video_id, again.unheard_of):
        run = dagster.runs_of(video_id)[-1]
        assert (run.tags["dagster/backfill"], run.tags["dagster/partition"]) == (launched, str(video_id))


def test_a_video_without_a_partition_gets_one(again: Again, neighbour: Neighbour) -> None:
    assert "1 of them had no partition; it was added." in again.printed
    assert neighbour.video(again.unheard_of)["status"] == "indexing"


def test_a_dry_run_says_which_videos_and_launches_nothing(
    again: Again, dagster: DagsterApi, resummarize: Command
) -> None:
    known = dagster.backfill_ids()
    ids = sorted((again.video_id, again.unheard_of))
    printed = resummarize("--videos", f"{ids[0]},{ids[1]}", "--model-was", "extractive-offline", "--dry-run")
    assert re.match(rf"2 video\(s\), .*: {ids[0]}[-,]{ids[1]}$", printed)
    assert dagster.backfill_ids() == known


@pytest.fixture(scope="module")
def failed(neighbour: Neighbour, dagster: DagsterApi) -> tuple[int, int]:
    """Two videos whose transcripts are missing."""
    first, second = (neighbour.add_video(None) for _ in range(2))
    for video_id, key in (first, second):
        neighbour.announce(video_id, key)
    neighbour.wait_for_status("failed", first[0], second[0])
    for video_id, _ in (first, second):
        dagster.ended_runs_of(video_id)
    return first[0], second[0]


def test_failed_videos_are_summarized_by_one_command(
    failed: tuple[int, int], neighbour: Neighbour, dagster: DagsterApi, resummarize: Command
) -> None:
    video_id, _ = failed
    for step in STEPS:
        assert {str(failed[0]), str(failed[1])} <= dagster.failed_partitions(step)
    neighbour.upload(f"transcripts/{video_id}/transcript.json", b'[{"text": "It is mended.", "start": 0}]')
    resummarize("--failed", "--videos", str(video_id))
    neighbour.wait_for_status("indexing", video_id)
    dagster.ended_runs_of(video_id, count=2)
    for step in STEPS:
        assert str(video_id) not in dagster.failed_partitions(step)
    assert "none that has been transcribed" in resummarize("--failed", "--videos", str(video_id))


def test_a_failed_run_is_re_executed_in_the_ui_for_its_event(
    failed: tuple[int, int], neighbour: Neighbour, dagster: DagsterApi
) -> None:
    _, video_id = failed
    neighbour.upload(f"transcripts/{video_id}/transcript.json", b'[{"text": "It is mended.", "start": 0}]')
    (run,) = dagster.runs_of(video_id)
    dagster.re_execute(run.run_id, strategy="FROM_FAILURE")
    neighbour.wait_for_status("indexing", video_id)
    event_id = run.tags["summary_pipeline/event_id"]
    assert len(neighbour.effect(video_id, event_id)["processed_messages"]) == 1


def test_dg_launch_materializes_an_asset_of_one_video(again: Again, stack: StackCommand, neighbour: Neighbour) -> None:
    arguments = ("launch", "--assets", "persisted_summary", "--partition", str(again.video_id))
    ended = _run(stack, str(Path(sys.executable).with_name("dg")), *arguments, cwd=REPOSITORY)
    assert ended.returncode == 0, ended.stderr[-3000:]
    effect = neighbour.settled_effect(again.video_id, again.event_id, summaries=3)
    (summary,) = effect["video_summaries"]
    assert summary["summary_text"] == again.before["summary"]
