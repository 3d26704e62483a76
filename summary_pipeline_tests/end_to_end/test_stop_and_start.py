"""Stopping the stack and starting it again on its data loses nothing and repeats nothing.

The embedded broker forgets everything when it stops, so what is still known has to come from the database.
"""

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from summary_pipeline_tests.end_to_end.conftest import Model
from summary_pipeline_tests.end_to_end.dagster_api import EVENT_SENSOR, DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import SNIPPETS, SUMMARIZED, TRANSCRIBED, Neighbour, transcribed_event
from summary_pipeline_tests.stack_command import StackCommand
from summary_pipeline_tests.waiting import eventually

pytestmark = pytest.mark.end_to_end

TABLES = ("videos", "video_summaries", "video_status_log", "outbox_events", "processed_messages", "objects")


@dataclass(frozen=True)
class Started:
    """The stack after its stop, and what was under way when it was told to stop."""

    neighbour: Neighbour
    dagster: DagsterApi
    exit_status: int
    stopped_at: float
    """When nothing of it ran any more, in seconds since the epoch."""
    done: tuple[int, str, dict[str, Any]]
    """A video that was done, its event and the whole of its effect then."""
    interrupted: tuple[int, str]
    """A video in the middle of whose run the stack was stopped, and its event."""
    unread: tuple[int, str]
    """A video whose event Kafka had and nobody had read, and that event."""


@pytest.fixture(scope="module")
def started(stack: StackCommand) -> Iterator[Started]:
    dagster = DagsterApi(stack.ui_url)
    model = Model(stack.environment["OPENAI_BASE_URL"])
    with Neighbour(stack.environment) as before:
        done_id, key = before.add_video()
        done_event = before.announce(done_id, key)["id"]
        done = (done_id, done_event, before.settled_effect(done_id, done_event))
        phrase = "This lighthouse is switched off and on again."
        transcript = [*SNIPPETS, {"text": phrase, "start": 40.0, "duration": 3.0}]
        model.delay_answers_about(phrase, seconds=120)
        interrupted_id, key = before.add_video(json.dumps(transcript).encode())
        interrupted = (interrupted_id, before.announce(interrupted_id, key)["id"])
        dagster.wait_for_start(interrupted_id)
        # So that what is announced now is certain not to be read before the stop.
        dagster.switch_sensor(EVENT_SENSOR, on=False)
        unread = _announce_through_the_outbox(before)
    exit_status, stopped_at = stack.stop(), time.time()
    stack.start()
    stack.wait_until_up()
    dagster = DagsterApi(stack.ui_url)
    dagster.switch_sensor(EVENT_SENSOR, on=True)
    with Neighbour(stack.environment) as after:
        yield Started(after, dagster, exit_status, stopped_at, done, interrupted, unread)


def _announce_through_the_outbox(neighbour: Neighbour) -> tuple[int, str]:
    """Write the event as the transcriber does, and publish it as NestJS does."""
    video_id, key = neighbour.add_video()
    event = transcribed_event(video_id, key)
    neighbour.produce(json.dumps(event).encode(), key=str(video_id).encode())
    neighbour.rows(
        "INSERT INTO outbox_events (id, topic, payload, published, published_at, service, created_at)"
        " VALUES (%s, %s, %s, true, now() AT TIME ZONE 'utc', 'transcriber', now() AT TIME ZONE 'utc')",
        *(str(uuid.UUID(event["id"])), TRANSCRIBED, json.dumps(event)),
    )
    return video_id, str(event["id"])


def _require_one_effect(started: Started, video_id: int, event_id: str) -> None:
    effect = started.neighbour.effect(video_id, event_id)
    for table in ("video_summaries", "video_status_log", "outbox_events", "processed_messages"):
        assert len(effect[table]) == 1, table
    names = [key.removeprefix(f"summaries/{video_id}/") for key in effect["objects"]]
    assert [name for name in names if not name.startswith("versions/")] == ["summary.json", "summary.txt"]


def test_the_stack_ends_as_asked(started: Started) -> None:
    assert started.exit_status == 0


def test_an_event_that_was_not_read_before_the_stop_is_found_in_the_database(started: Started) -> None:
    video_id, event_id = started.unread
    started.neighbour.wait_for_status("indexing", video_id)
    _require_one_effect(started, video_id, event_id)
    (run,) = started.dagster.ended_runs_of(video_id)
    assert run.tags["dagster/sensor_name"] == "lost_event_sensor"


def test_a_run_that_the_stop_interrupted_is_made_up_for(started: Started) -> None:
    video_id, event_id = started.interrupted
    started.neighbour.wait_for_status("indexing", video_id)
    _require_one_effect(started, video_id, event_id)
    interrupted, retry = started.dagster.ended_runs_of(video_id, count=2)
    assert (interrupted.status, retry.status) == ("FAILURE", "SUCCESS")


def test_a_run_that_the_stop_interrupted_ended_with_it(started: Started) -> None:
    """Not only when somebody found that its worker is silent: until then, nobody may make up for it."""
    video_id, _ = started.interrupted
    interrupted = started.dagster.runs_of(video_id)[0]
    assert interrupted.ended is not None
    assert interrupted.ended <= started.stopped_at


def test_what_was_done_before_the_stop_is_not_touched(started: Started) -> None:
    video_id, event_id, before = started.done
    started.dagster.wait_until_read(started.neighbour)
    after = started.neighbour.effect(video_id, event_id)
    assert {table: after[table] for table in TABLES} == {table: before[table] for table in TABLES}
    assert len(started.dagster.runs_of(video_id)) == 1


def test_what_was_announced_before_the_stop_is_not_announced_again(started: Started) -> None:
    video_id, _, _ = started.done
    newer_id, _ = started.unread
    # The relay works in order: this one is younger.
    eventually(lambda: started.neighbour.messages(SUMMARIZED, newer_id), "video.summarized of a later video")
    assert started.neighbour.messages(SUMMARIZED, video_id) == []


def test_a_new_event_on_the_new_broker_is_summarized(started: Started) -> None:
    video_id, key = started.neighbour.add_video()
    event = started.neighbour.announce(video_id, key)
    started.neighbour.wait_for_status("indexing", video_id)
    _require_one_effect(started, video_id, event["id"])
