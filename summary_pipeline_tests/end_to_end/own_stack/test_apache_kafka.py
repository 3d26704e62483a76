"""The stack on Apache Kafka, which keeps what it was told: what the mock broker of the other tests cannot show."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from summary_pipeline_tests.end_to_end.dagster_api import EVENT_SENSOR, DagsterApi, Run
from summary_pipeline_tests.end_to_end.neighbour import SUMMARIZED, Neighbour
from summary_pipeline_tests.kafka_brokers import KAFKA_BROKERS_FOR_TESTS
from summary_pipeline_tests.stack_command import running

pytestmark = pytest.mark.end_to_end


@dataclass(frozen=True)
class Restarted:
    """A stack that was stopped and started: a video that was done before, and one whose event nobody had read."""

    neighbour: Neighbour
    dagster: DagsterApi
    done: int
    unread: int


@pytest.fixture(scope="module")
def restarted() -> Iterator[Restarted]:
    if "apache" not in {choice.name for choice in KAFKA_BROKERS_FOR_TESTS.chosen}:
        pytest.skip(f"no Apache Kafka: {KAFKA_BROKERS_FOR_TESTS.left_out['Apache Kafka']}")
    with running("dev", environment={"SUMMARY_LOCAL_KAFKA": "apache", "SUMMARY_RELAY_POLL_SECONDS": "0.5"}) as stack:
        dagster = DagsterApi(stack.ui_url)
        with Neighbour(stack.environment) as before:
            done, key = before.add_video()
            before.settled_effect(done, before.announce(done, key)["id"])
            dagster.wait_until_read(before)
            dagster.switch_sensor(EVENT_SENSOR, on=False)
            unread, key = before.add_video()
            before.announce(unread, key)
        stack.stop()
        stack.start()
        stack.wait_until_up()
        dagster = DagsterApi(stack.ui_url)
        dagster.switch_sensor(EVENT_SENSOR, on=True)
        with Neighbour(stack.environment) as after:
            yield Restarted(after, dagster, done, unread)


def _only_run_of(video_id: int, restarted: Restarted) -> Run:
    (run,) = restarted.dagster.ended_runs_of(video_id)
    return run


def test_an_event_that_was_not_read_before_the_stop_is_read_from_the_broker(restarted: Restarted) -> None:
    restarted.neighbour.wait_for_status("indexing", restarted.unread)
    run = _only_run_of(restarted.unread, restarted)
    assert run.status == "SUCCESS"
    assert run.tags["dagster/sensor_name"] == EVENT_SENSOR


def test_reading_goes_on_behind_what_was_read_before_the_stop(restarted: Restarted) -> None:
    restarted.dagster.wait_until_read(restarted.neighbour)
    before, after = (_only_run_of(video_id, restarted) for video_id in (restarted.done, restarted.unread))
    place = ("kafka_cluster", "kafka_topic")
    assert [before.tags[f"summary_pipeline/{tag}"] for tag in place] == [
        after.tags[f"summary_pipeline/{tag}"] for tag in place
    ]
    assert len(restarted.neighbour.messages(SUMMARIZED, restarted.done)) == 1
