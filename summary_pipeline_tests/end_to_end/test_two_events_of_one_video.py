"""Two events of one video: each is answered, one after the other."""

import json

import pytest

from summary_pipeline_tests.end_to_end.conftest import Model
from summary_pipeline_tests.end_to_end.dagster_api import DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import SNIPPETS, Neighbour

pytestmark = pytest.mark.end_to_end


def test_two_events_of_one_video_never_run_at_once_and_both_have_their_effect(
    neighbour: Neighbour, dagster: DagsterApi, model: Model
) -> None:
    phrase = "The first cut of this film is long."
    video_id, first_key = neighbour.add_video(json.dumps([*SNIPPETS, {"text": phrase, "start": 40.0}]).encode())
    second_key = f"transcripts/{video_id}/second.json"
    neighbour.upload(second_key, json.dumps([*SNIPPETS, {"text": "The second is short.", "start": 40.0}]).encode())
    # Long enough for the second run to overlap with the first: there is a worker free for it.
    model.delay_answers_about(phrase, seconds=8)
    events = [neighbour.announce(video_id, key)["id"] for key in (first_key, second_key)]
    runs = sorted(dagster.ended_runs_of(video_id, count=2), key=lambda run: run.started or 0)
    assert [run.status for run in runs] == ["SUCCESS", "SUCCESS"]
    assert runs[0].ended is not None
    assert runs[1].started is not None
    assert runs[1].started >= runs[0].ended
    effect = neighbour.effect(video_id, *events)
    assert {row["message_id"] for row in effect["processed_messages"]} == set(events)
    assert {row["event_id"] for row in effect["video_status_log"]} == set(events)
    # Dagster submits the runs of one tick side by side, so that the newer event's may come first. The summary that
    # stays is that of the newer event all the same, and the older one's then has nothing to announce.
    in_order = runs[0].tags["summary_pipeline/event_id"] == events[0]
    assert len({row["id"] for row in effect["outbox_events"]}) == (2 if in_order else 1)
    (summary,) = effect["video_summaries"]
    assert summary["model_info"]["source_event"]["id"] == events[1]
