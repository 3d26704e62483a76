"""Backfills and runs for events share the workers, and the videos, without getting in each other's way."""

import itertools
import json
import uuid

import pytest

from summary_pipeline_tests.end_to_end.conftest import Model
from summary_pipeline_tests.end_to_end.dagster_api import DagsterApi, Run
from summary_pipeline_tests.end_to_end.neighbour import SNIPPETS, Neighbour
from summary_pipeline_tests.waiting import eventually

pytestmark = pytest.mark.end_to_end

ENOUGH = 5
"""Videos of a backfill that takes longer than a fresh video has to wait for its run."""


def add_slow_video(neighbour: Neighbour, phrase: str) -> tuple[int, str]:
    """Add a video whose transcript holds ``phrase`` and is like no other."""
    text = f"{phrase} This is take {uuid.uuid4()}."
    return neighbour.add_video(json.dumps([*SNIPPETS, {"text": text, "start": 40.0}]).encode())


def overlap(first: Run, second: Run) -> bool:
    assert None not in (first.started, first.ended, second.started, second.ended)
    earlier, later = sorted((first, second), key=lambda run: run.started or 0)
    return (later.started or 0) < (earlier.ended or 0)


@pytest.mark.parametrize("backfill_first", [True, False])
def test_a_backfill_and_an_event_of_one_video_never_run_at_once_and_both_have_their_effect(
    neighbour: Neighbour, dagster: DagsterApi, model: Model, *, backfill_first: bool
) -> None:
    phrase = f"This film is long, and {'shown' if backfill_first else 'announced'} again."
    video_id, key = add_slow_video(neighbour, phrase)
    dagster.add_partition(str(video_id))
    # Long enough for the second run to overlap with the first: there is a worker free for it.
    model.delay_answers_about(phrase, seconds=8)
    if backfill_first:
        dagster.launch_backfill(str(video_id))
        dagster.wait_for_start(video_id)
        event = neighbour.announce(video_id, key)["id"]
    else:
        event = neighbour.announce(video_id, key)["id"]
        dagster.wait_for_start(video_id)
        dagster.launch_backfill(str(video_id))
    first, second = dagster.ended_runs_of(video_id, count=2)
    assert [first.status, second.status] == ["SUCCESS", "SUCCESS"]
    assert not overlap(first, second)
    effect = neighbour.settled_effect(video_id, event, summaries=2)
    assert {row["event_id"] for row in effect["video_status_log"]} == {event, None}


def test_a_fresh_video_overtakes_a_backfill(neighbour: Neighbour, dagster: DagsterApi, model: Model) -> None:
    phrase = "An old film is put in order."
    old = [add_slow_video(neighbour, phrase)[0] for _ in range(ENOUGH)]
    for video_id in old:
        dagster.add_partition(str(video_id))
    model.delay_answers_about(phrase, seconds=5)
    backfill = dagster.launch_backfill(*map(str, old))
    eventually(
        lambda: dagster.runs(**{"dagster/backfill": backfill}),
        "all of the backfill is queued, and some of it runs",
        until=lambda runs: len(runs) == ENOUGH and any(run.status == "STARTED" for run in runs),
    )
    fresh, key = neighbour.add_video()
    neighbour.announce(fresh, key)
    (run,) = dagster.ended_runs_of(fresh)
    of_backfill = eventually(
        lambda: dagster.runs(**{"dagster/backfill": backfill}),
        "the backfill is done",
        until=lambda runs: all(run.has_ended for run in runs),
    )
    assert {run.status for run in (run, *of_backfill)} == {"SUCCESS"}
    assert run.started is not None
    later = [other for other in of_backfill if (other.started or 0) > run.started]
    assert len(later) >= ENOUGH - 3
    # One at a time, however many workers there are.
    in_order = sorted(of_backfill, key=lambda run: run.started or 0)
    assert not any(overlap(*pair) for pair in itertools.pairwise(in_order))
