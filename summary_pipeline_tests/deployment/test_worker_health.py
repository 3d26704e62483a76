from typing import Any

import pytest
from celery import states
from dagster._core.launcher import WorkerStatus
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.deployment.worker_health import HEARTBEAT_TIMEOUT_SECONDS, heartbeat, judge_worker

BEAT = heartbeat(hostname="runs@host", pid=4711, now=1000.0)


@given(silence=st.floats(min_value=-3600, max_value=HEARTBEAT_TIMEOUT_SECONDS))
def test_a_started_task_with_a_fresh_heartbeat_is_running(silence: float) -> None:
    """Also one from the future: clocks differ."""
    assert judge_worker({"status": states.STARTED, "result": BEAT}, now=1000 + silence).status == WorkerStatus.RUNNING


def test_a_started_task_that_is_silent_for_too_long_has_lost_its_worker() -> None:
    verdict = judge_worker({"status": states.STARTED, "result": BEAT}, now=1000 + HEARTBEAT_TIMEOUT_SECONDS + 1)
    assert verdict.status == WorkerStatus.FAILED
    assert verdict.msg == "No heartbeat for 61 s from process 4711 of runs@host: it or its host has died."


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ({"status": states.FAILURE, "result": RuntimeError("killed by signal 9")}, "killed by signal 9"),
        ({"status": states.REVOKED, "result": None}, "REVOKED"),
        ({"status": states.SUCCESS, "result": 0}, "without an end of the run"),
    ],
)
def test_a_task_that_has_ended_while_its_run_goes_on_has_lost_its_worker(task: dict[str, Any], said: str) -> None:
    verdict = judge_worker(task, now=1000)
    assert verdict.status == WorkerStatus.FAILED
    assert said in str(verdict.msg)


def test_a_task_that_the_result_backend_does_not_know_is_unknown() -> None:
    assert judge_worker({"status": states.PENDING, "result": None}, now=1000).status == WorkerStatus.UNKNOWN
