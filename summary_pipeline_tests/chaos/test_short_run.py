"""A short chaos run: whatever is killed, nothing is lost, nothing is doubled, nothing is silent."""

from pathlib import Path

import pytest

from summary_pipeline_tests.chaos.experiment import Broker, run_experiment
from summary_pipeline_tests.kafka_brokers import KAFKA_BROKERS_FOR_TESTS

pytestmark = [pytest.mark.end_to_end, pytest.mark.chaos, pytest.mark.timeout(900)]

EVENTS, KILLS = 30, 8


def test_a_short_chaos_run_leaves_the_stores_as_promised(tmp_path: Path) -> None:
    apache = "apache" in {choice.name for choice in KAFKA_BROKERS_FOR_TESTS.chosen}
    kafka: Broker = "apache" if apache else "mock"
    result = run_experiment(tmp_path, seed=4, events=EVENTS, kills=KILLS, kafka=kafka, seconds_per_kill=4)
    assert sum(result.killed.values()) == KILLS
    assert result.unsettled == ()
    assert result.violations == ()
