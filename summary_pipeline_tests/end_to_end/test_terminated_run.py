"""A run that a person terminates in the UI."""

import json

import pytest

from summary_pipeline_tests.end_to_end.conftest import Model
from summary_pipeline_tests.end_to_end.dagster_api import DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import SNIPPETS, Neighbour
from summary_pipeline_tests.waiting import eventually

pytestmark = pytest.mark.end_to_end


def test_a_run_terminated_while_it_waits_for_the_model_ends_canceled_and_without_effect(
    neighbour: Neighbour, dagster: DagsterApi, model: Model
) -> None:
    phrase = "Somebody stops the lamp of this lighthouse by hand."
    video_id, key = neighbour.add_video(json.dumps([*SNIPPETS, {"text": phrase, "start": 40.0}]).encode())
    model.delay_answers_about(phrase, seconds=60)
    event = neighbour.announce(video_id, key)
    run = dagster.wait_for_start(video_id)
    eventually(lambda: dagster.steps_done(run.run_id), "the chunks are there", until=lambda steps: "chunks" in steps)
    dagster.terminate(run.run_id)
    # Well before the model would have answered.
    eventually(
        lambda: dagster.runs_of(video_id),
        "the run has ended",
        until=lambda runs: all(run.has_ended for run in runs),
        seconds=30,
    )
    assert [run.status for run in dagster.runs_of(video_id)] == ["CANCELED"]
    effect = neighbour.effect(video_id, event["id"])
    for nothing in ("video_summaries", "outbox_events", "processed_messages", "messages"):
        assert effect[nothing] == []
