"""Kafka delivers at least once: an event that comes again has no second effect."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from summary_pipeline_tests.end_to_end.conftest import Model
from summary_pipeline_tests.end_to_end.dagster_api import DagsterApi, Run
from summary_pipeline_tests.end_to_end.neighbour import SNIPPETS, Neighbour, transcribed_event

pytestmark = pytest.mark.end_to_end

PHRASE = "This lighthouse keeper speaks slowly, about repeats."


@dataclass(frozen=True)
class Repeated:
    """An event that came three times: once, and twice while it was worked on."""

    video_id: int
    value: bytes
    effect: dict[str, Any]
    runs: list[Run]


@pytest.fixture
def repeated(neighbour: Neighbour, dagster: DagsterApi, model: Model) -> Repeated:
    video_id, key = neighbour.add_video(json.dumps([*SNIPPETS, {"text": PHRASE, "start": 40.0}]).encode())
    event = transcribed_event(video_id, key)
    value = json.dumps(event).encode()
    model.delay_answers_about(PHRASE, seconds=8)
    neighbour.produce(value, key=str(video_id).encode())
    dagster.wait_for_start(video_id)
    neighbour.produce(value, key=str(video_id).encode())
    # Without a key it stands in whatever partition the client likes.
    neighbour.produce(value, key=None)
    dagster.wait_until_read(neighbour)
    return Repeated(video_id, value, neighbour.settled_effect(video_id, event["id"]), dagster.runs_of(video_id))


def test_the_same_event_again_changes_nothing(repeated: Repeated, neighbour: Neighbour, dagster: DagsterApi) -> None:
    # Of what came while it was worked on:
    assert [run.status for run in repeated.runs] == ["SUCCESS"]
    for table in ("video_summaries", "video_status_log", "outbox_events", "processed_messages", "messages"):
        assert len(repeated.effect[table]) == 1, table
    # Of what comes later:
    for _ in range(2):
        neighbour.produce(repeated.value, key=str(repeated.video_id).encode())
    dagster.wait_until_read(neighbour)
    event_id = json.loads(repeated.value)["id"]
    assert neighbour.effect(repeated.video_id, event_id) == repeated.effect
    assert dagster.runs_of(repeated.video_id) == repeated.runs
