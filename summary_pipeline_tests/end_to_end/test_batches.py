"""A backfill by batch, from the command to the outgoing events, on the whole stack."""

import json
import os
import subprocess
import sys

import pytest

from summary_pipeline_tests.end_to_end.dagster_api import STEPS, DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import SNIPPETS, Neighbour
from summary_pipeline_tests.stack_command import StackCommand

pytestmark = pytest.mark.end_to_end


def talk_of(number: str) -> bytes:
    """A transcript that no other test has had summarized: its answer is not stored yet."""
    text = f"A batch of {number} lamps came by ship and was carried up the stairs."
    return json.dumps([*SNIPPETS, {"text": text, "start": 40.0}]).encode()


def test_a_backfill_by_batch_summarizes_all_its_videos(
    stack: StackCommand, neighbour: Neighbour, dagster: DagsterApi
) -> None:
    ids = [neighbour.add_video(talk_of(number))[0] for number in ("forty", "fifty")]
    command = [sys.executable, "-m", "summary_pipeline.cli", "resummarize", "--videos", ",".join(map(str, ids))]
    environment = {**os.environ, **stack.environment, "SUMMARY_BATCH_FROM": "2"}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120).stdout
    assert "2 of them are asked for by batch" in said
    for video_id in ids:
        neighbour.settled_effect(video_id)
        (run,) = dagster.ended_runs_of(video_id)
        assert dagster.steps_done(run.run_id) == list(STEPS)
        assert "dagster/backfill" in run.tags
    (batch,) = neighbour.rows("SELECT state, requests, answers_kept, backfill_id FROM answer_batches")
    assert batch["state"] == "launched"
    assert batch["answers_kept"] == batch["requests"] > 0
    assert batch["backfill_id"] in dagster.backfill_ids()
