"""Backfills by batch, from the person who launches one to the outgoing events, on the whole stack."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence

import pytest

from summary_pipeline_tests.end_to_end.conftest import BATCH_FROM
from summary_pipeline_tests.end_to_end.dagster_api import STEPS, DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import SNIPPETS, Neighbour
from summary_pipeline_tests.stack_command import StackCommand

pytestmark = pytest.mark.end_to_end

Launch = Callable[[Sequence[int]], None]


def talk_of(subject: str) -> bytes:
    """A transcript that no other test has had summarized: its answer is not stored yet."""
    text = f"A batch of {subject} came by ship and was carried up the stairs."
    return json.dumps([*SNIPPETS, {"text": text, "start": 40.0}]).encode()


@pytest.fixture
def launch_in_ui(dagster: DagsterApi) -> Launch:
    def launch(video_ids: Sequence[int]) -> None:
        for video_id in video_ids:
            dagster.add_partition(str(video_id))
        dagster.launch_backfill(*map(str, video_ids))

    return launch


@pytest.fixture
def launch_by_command(stack: StackCommand) -> Launch:
    def launch(video_ids: Sequence[int]) -> None:
        command = [
            sys.executable,
            "-m",
            "summary_pipeline.cli",
            "resummarize",
            "--videos",
            ",".join(map(str, video_ids)),
        ]
        environment = {**os.environ, **stack.environment, "SUMMARY_BATCH_FROM": str(BATCH_FROM)}
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120).stdout
        assert f"Its runs wait in the queue for answers by batch (SUMMARY_BATCH_FROM={BATCH_FROM})" in said

    return launch


@pytest.mark.parametrize("way", ["launch_in_ui", "launch_by_command"])
def test_a_large_backfill_summarizes_all_its_videos_with_answers_by_batch(
    way: str, request: pytest.FixtureRequest, neighbour: Neighbour, dagster: DagsterApi
) -> None:
    launch: Launch = request.getfixturevalue(way)
    ids = [neighbour.add_video(talk_of(f"{number} {way}"))[0] for number in range(BATCH_FROM)]
    launch(ids)
    backfills = set()
    for video_id in ids:
        neighbour.settled_effect(video_id)
        (run,) = dagster.ended_runs_of(video_id)
        assert dagster.steps_done(run.run_id) == list(STEPS)
        assert any("waits in the queue for answers by batch" in said for said in dagster.messages(run.run_id))
        assert (
            json.loads(neighbour.read(f"summaries/{video_id}/summary.json"))["provenance"]["stored_usage"][
                "batch_calls"
            ]
            == 1
        )
        backfills.add(run.tags["dagster/backfill"])
    (backfill,) = backfills
    rows = neighbour.rows("SELECT state FROM answer_batches WHERE backfill_id = %s", backfill)
    assert {row["state"] for row in rows} == {"settled"}
