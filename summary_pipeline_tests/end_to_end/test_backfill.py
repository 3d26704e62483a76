"""A backfill summarizes again, without an event."""

import json
from typing import Any

import pytest

from summary_pipeline_tests.end_to_end.dagster_api import STEPS, DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import Neighbour

pytestmark = pytest.mark.end_to_end

ADDITION = "Since last year the lamp is an LED of 35 watts."
CAPTIONS = "WEBVTT\n\n00:00:01.000 --> 00:00:04.000\nThe fog horn sounds every thirty seconds.\n"


@pytest.fixture(scope="module")
def backfilled(neighbour: Neighbour, dagster: DagsterApi) -> dict[str, Any]:
    """A backfill of two videos: one with a summary, one that no event was ever about. Its result: id and event."""
    again, key = neighbour.add_video()
    event = neighbour.announce(again, key)["id"]
    unheard_of, recorded = neighbour.add_video(CAPTIONS.encode(), suffix="vtt")
    assert recorded.endswith(".vtt")
    dagster.add_partition(str(unheard_of))
    neighbour.settled_effect(again, event)
    dagster.ended_runs_of(again)
    neighbour.upload(key, json.dumps([{"text": ADDITION, "start": 0, "duration": 4}]).encode())
    backfill = dagster.launch_backfill(str(again), str(unheard_of))
    neighbour.settled_effect(again, event, summaries=2)
    neighbour.settled_effect(unheard_of)
    return {"again": again, "event": event, "unheard of": unheard_of, "backfill": backfill}


def test_a_backfill_summarizes_again_and_announces_it(backfilled: dict[str, Any], neighbour: Neighbour) -> None:
    effect = neighbour.effect(backfilled["again"], backfilled["event"])
    first, second = (json.loads(message) for message in effect["messages"])
    assert first["id"] != second["id"]
    assert second["summaryText"] == ADDITION
    (summary,) = effect["video_summaries"]
    assert summary["summary_text"] == ADDITION
    assert [row["event_id"] for row in effect["video_status_log"]] == [backfilled["event"], None]
    assert effect["videos"][0]["status"] == "indexing"


def test_a_backfills_run_walks_all_five_assets(backfilled: dict[str, Any], dagster: DagsterApi) -> None:
    _, run = dagster.ended_runs_of(backfilled["again"], count=2)
    assert run.tags["dagster/backfill"] == backfilled["backfill"]
    assert dagster.steps_done(run.run_id) == list(STEPS)


def test_a_backfill_of_a_video_without_an_event_takes_the_transcript_that_the_transcriber_recorded(
    backfilled: dict[str, Any], neighbour: Neighbour
) -> None:
    (summary,) = neighbour.effect(backfilled["unheard of"])["video_summaries"]
    assert summary["summary_text"] == "The fog horn sounds every thirty seconds."
