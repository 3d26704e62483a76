"""Backfills by batch, from the person who launches one to the outgoing events, on the whole stack."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence

import pytest

from summary_pipeline_tests.end_to_end.conftest import BATCH_FROM, Model
from summary_pipeline_tests.end_to_end.dagster_api import STEPS, DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import SNIPPETS, Neighbour
from summary_pipeline_tests.stack_command import StackCommand

pytestmark = pytest.mark.end_to_end

Launch = Callable[[Sequence[int]], None]


def talk_of(subject: str) -> bytes:
    """A transcript that no other test has had summarized: its answer is not stored yet."""
    text = f"A batch of {subject} came by ship and was carried up the stairs."
    return json.dumps([*SNIPPETS, {"text": text, "start": 40.0}]).encode()


def calls_by_batch(neighbour: Neighbour, video_id: int) -> int:
    document = json.loads(neighbour.read(f"summaries/{video_id}/summary.json"))
    calls: int = document["provenance"]["stored_usage"]["batch_calls"]
    return calls


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
        videos = ",".join(map(str, video_ids))
        command = [sys.executable, "-m", "summary_pipeline.cli", "resummarize", "--videos", videos]
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
        assert calls_by_batch(neighbour, video_id) == 1
        backfills.add(run.tags["dagster/backfill"])
    (backfill,) = backfills
    rows = neighbour.rows("SELECT state FROM answer_batches WHERE backfill_id = %s", backfill)
    assert {row["state"] for row in rows} == {"settled"}


def test_a_run_that_waits_is_run_at_once_where_a_person_terminates_and_re_executes_it(
    launch_in_ui: Launch, neighbour: Neighbour, dagster: DagsterApi, model: Model
) -> None:
    model.work_on_batches_for(600)
    ids = [neighbour.add_video(talk_of(f"{number} that can't wait"))[0] for number in range(BATCH_FROM)]
    launch_in_ui(ids)
    waiting = [dagster.queued_run_of(video_id) for video_id in ids]
    for run in waiting:
        dagster.terminate(run.run_id)
    dagster.re_execute(waiting[0].run_id, strategy="ALL_STEPS")
    first, second = dagster.ended_runs_of(ids[0], count=2)
    assert [first.status, second.status] == ["CANCELED", "SUCCESS"]
    neighbour.settled_effect(ids[0])
    assert calls_by_batch(neighbour, ids[0]) == 0
