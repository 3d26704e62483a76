"""A worker process that is killed in the middle of a run: the run is made up for, and its effect is there once."""

import json
import os
import re
import signal

import pytest

from summary_pipeline_tests.end_to_end.conftest import Model
from summary_pipeline_tests.end_to_end.dagster_api import DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import SNIPPETS, Neighbour
from summary_pipeline_tests.waiting import eventually

pytestmark = pytest.mark.end_to_end


def test_a_run_whose_process_is_killed_has_its_effect_once_all_the_same(
    neighbour: Neighbour, dagster: DagsterApi, model: Model
) -> None:
    phrase = "The generator of this lighthouse fails in the middle of the night."
    transcript = [*SNIPPETS, {"text": phrase, "start": 40.0, "duration": 3.0}]
    video_id, key = neighbour.add_video(json.dumps(transcript).encode())
    model.delay_answers_about(phrase, seconds=60)
    event = neighbour.announce(video_id, key)
    run = dagster.wait_for_start(video_id)
    # Only once it waits for the model: that is where a run spends its time.
    eventually(lambda: dagster.steps_done(run.run_id), "the chunks are there", until=lambda steps: "chunks" in steps)
    os.kill(_process_of(run.run_id, dagster), signal.SIGKILL)
    model.delay_nothing()
    neighbour.wait_for_status("indexing", video_id)
    killed, retry = dagster.ended_runs_of(video_id, count=2)
    assert (killed.run_id, killed.status, retry.status) == (run.run_id, "FAILURE", "SUCCESS")
    assert retry.parent == run.run_id
    effect = neighbour.effect(video_id, event["id"])
    # Not even for a moment was the video failed: a retry was to come.
    assert [(row["to_status"], row["event_id"]) for row in effect["video_status_log"]] == [("indexing", event["id"])]
    assert len(effect["video_summaries"]) == len(effect["outbox_events"]) == len(effect["processed_messages"]) == 1


def _process_of(run_id: str, dagster: DagsterApi) -> int:
    (found,) = {
        int(match[1])
        for message in dagster.messages(run_id)
        if (match := re.match(r"Executing steps in process \(pid: (\d+)\)", message))
    }
    return found
