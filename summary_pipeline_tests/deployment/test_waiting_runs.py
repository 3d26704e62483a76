"""Runs that wait for a worker, and runs that nobody holds any more."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from celery import Celery, states
from celery.worker import state as worker_state
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.test_utils import create_run_for_test
from dagster_celery.launcher import CeleryRunLauncher

from summary_pipeline.deployment.waiting_runs import (
    STUCK_SECONDS,
    do_round,
    is_stuck,
    reason_if_lost,
    waiting_beside_free_process,
)
from summary_pipeline.deployment.worker_health import HEARTBEAT_TIMEOUT_SECONDS, heartbeat
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline_tests.deployment.conftest import instance_on

pytestmark = pytest.mark.servers

PENDING = {"status": states.PENDING, "result": None}
BEAT = {"status": states.STARTED, "result": heartbeat(hostname="host", pid=4711, now=1000.0)}


@pytest.fixture
def instance(
    tmp_path: Path, postgres_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DagsterInstance]:
    """On a database of its own: Kombu makes its tables once per process, so that they must not be dropped here."""
    with instance_on("dagster_waiting_runs", tmp_path, postgres_server, monkeypatch) as instance:
        yield instance
        for run in instance.get_runs():
            instance.delete_run(run.run_id)


@pytest.fixture
def app(instance: DagsterInstance) -> Celery:
    assert isinstance(instance.run_launcher, CeleryRunLauncher)
    app = instance.run_launcher.celery
    with app.connection() as connection:
        connection.SimpleQueue("dagster").close()
    return app


def starting(instance: DagsterInstance) -> DagsterRun:
    run: DagsterRun = create_run_for_test(instance, status=DagsterRunStatus.STARTING)
    return run


def status(instance: DagsterInstance, run: DagsterRun) -> DagsterRunStatus:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def two_rounds(app: Celery, instance: DagsterInstance) -> None:
    do_round(app, instance, do_round(app, instance, {}))


@pytest.mark.parametrize(
    ("record", "is_queued"),
    [(PENDING, True), (PENDING, None), (BEAT, False), (BEAT, None)],
    ids=["waits at the broker", "the broker cannot be asked", "held by a worker", "held, the broker cannot be asked"],
)
def test_a_run_that_waits_somewhere_is_not_lost(record: dict[str, object], is_queued: bool | None) -> None:  # noqa: FBT001
    assert reason_if_lost(record, is_queued=is_queued, now=1000) is None


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (PENDING, "no longer at the broker"),
        (BEAT, "No heartbeat"),
        ({"status": states.FAILURE, "result": RuntimeError("killed by signal 9")}, "killed by signal 9"),
    ],
)
def test_a_run_that_nobody_holds_is_lost(record: dict[str, object], said: str) -> None:
    reason = reason_if_lost(record, is_queued=False, now=1000 + HEARTBEAT_TIMEOUT_SECONDS + 1)
    assert reason is not None
    assert said in reason


def test_a_lost_run_fails_at_the_second_look(app: Celery, instance: DagsterInstance) -> None:
    run = starting(instance)
    suspects = do_round(app, instance, {})
    assert set(suspects) == {run.run_id}
    assert status(instance, run) is DagsterRunStatus.STARTING
    assert do_round(app, instance, suspects) == {}
    assert status(instance, run) is DagsterRunStatus.FAILURE


def test_a_run_whose_message_waits_at_the_broker_goes_on_waiting(app: Celery, instance: DagsterInstance) -> None:
    run = starting(instance)
    with app.connection() as connection:
        queue = connection.SimpleQueue("dagster")
        queue.put({}, headers={"id": run.run_id})
        queue.close()
    two_rounds(app, instance)
    assert status(instance, run) is DagsterRunStatus.STARTING


def test_a_run_that_a_living_worker_holds_goes_on_waiting(app: Celery, instance: DagsterInstance) -> None:
    run = starting(instance)
    app.backend.store_result(run.run_id, heartbeat(hostname="host", pid=1, now=time.time()), states.STARTED)
    two_rounds(app, instance)
    assert status(instance, run) is DagsterRunStatus.STARTING


def test_a_run_whose_worker_died_while_it_waited_there_fails(app: Celery, instance: DagsterInstance) -> None:
    run = starting(instance)
    long_ago = time.time() - HEARTBEAT_TIMEOUT_SECONDS - 1
    app.backend.store_result(run.run_id, heartbeat(hostname="host", pid=1, now=long_ago), states.STARTED)
    two_rounds(app, instance)
    assert status(instance, run) is DagsterRunStatus.FAILURE


def test_a_run_that_has_started_meanwhile_is_left_alone(app: Celery, instance: DagsterInstance) -> None:
    run = create_run_for_test(instance, status=DagsterRunStatus.STARTED)
    do_round(app, instance, {run.run_id: "it was lost a moment ago"})
    assert status(instance, run) is DagsterRunStatus.STARTED


@dataclass(eq=False)
class Held:
    """A request as Celery's state holds it."""

    id: str


def test_a_worker_whose_free_process_takes_up_nothing_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, executed = Held("waiting"), Held("executed")
    monkeypatch.setattr(worker_state, "reserved_requests", {waiting, executed})
    monkeypatch.setattr(worker_state, "active_requests", {executed})
    since = waiting_beside_free_process({}, processes=2, now=100)
    since = waiting_beside_free_process(since, processes=2, now=100 + STUCK_SECONDS)
    assert since == {"waiting": 100}
    assert is_stuck(since, now=100 + STUCK_SECONDS)


def test_a_worker_whose_processes_are_all_at_work_is_not_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting, executed = Held("waiting"), Held("executed")
    monkeypatch.setattr(worker_state, "reserved_requests", {waiting, executed})
    monkeypatch.setattr(worker_state, "active_requests", {executed})
    since = waiting_beside_free_process({"waiting": 0}, processes=1, now=1000)
    assert not is_stuck(since, now=1000)


def test_a_worker_that_has_only_just_taken_a_run_is_not_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_state, "reserved_requests", {Held("new")})
    monkeypatch.setattr(worker_state, "active_requests", set())
    since = waiting_beside_free_process({"older, and taken up meanwhile": 0}, processes=1, now=1000)
    assert not is_stuck(since, now=1000)
