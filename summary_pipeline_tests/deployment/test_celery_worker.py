"""Runs on a warm Celery worker that are stopped, killed, interrupted: Dagster's real processes, on both brokers."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.dagster_run import DagsterRunStatus
from dagster_celery.launcher import CeleryRunLauncher

from summary_pipeline.deployment.celery_worker import ORDERLY_STOP_SECONDS, SHUTDOWN_GRACE_SECONDS
from summary_pipeline.deployment.launcher import SQL_BROKER_PREFIX
from summary_pipeline.deployment.parent_watch import GRACE_SECONDS
from summary_pipeline.deployment.worker_health import HEARTBEAT_TIMEOUT_SECONDS, judge_worker
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline_tests.deployment.running_deployment import WORKER, Broker, Deployment, running_deployment
from summary_pipeline_tests.deployment.waiting_definitions import TROUBLED_JOB_NAME
from summary_pipeline_tests.waiting import eventually

pytestmark = [pytest.mark.servers, pytest.mark.chaos]


@pytest.fixture(scope="module", params=["postgresql", "redis"])
def stack(
    request: pytest.FixtureRequest, postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    broker: Broker = request.param
    with running_deployment(postgres_server, tmp_path_factory.mktemp(broker), broker) as running:
        yield running


@pytest.fixture
def deployment(stack: Deployment) -> Iterator[Deployment]:
    """With a worker at the start, whatever the test before did to it; and with nothing in progress at the end."""
    stack.start_worker()
    yield stack
    stack.supervisor.stop(WORKER)
    for run in stack.instance.get_runs():
        if not run.is_finished:
            stack.instance.report_run_canceled(run, "The test is over.")


def test_runs_follow_each_other_in_one_warm_process(deployment: Deployment, tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    first, second = deployment.submit(tmp_path), deployment.submit(tmp_path)
    for run_id in (first, second):
        deployment.wait_for_status(run_id, DagsterRunStatus.SUCCESS)
    assert (tmp_path / first).read_text() == (tmp_path / second).read_text()


def test_a_run_terminated_in_the_ui_ends_canceled_and_its_process_takes_the_next_run(
    deployment: Deployment, tmp_path: Path
) -> None:
    run_id = deployment.submit(tmp_path)
    process = deployment.wait_until_it_works(run_id, tmp_path)
    deployment.ui.terminate_run(run_id)
    deployment.wait_for_status(run_id, DagsterRunStatus.CANCELED, seconds=20)
    (tmp_path / "go").touch()
    following = deployment.submit(tmp_path)
    assert deployment.wait_until_it_works(following, tmp_path) == process
    deployment.wait_for_status(following, DagsterRunStatus.SUCCESS)


def test_a_run_terminated_between_two_attempts_does_not_wait_for_the_next(
    deployment: Deployment, tmp_path: Path
) -> None:
    run_id = deployment.submit(tmp_path, TROUBLED_JOB_NAME)
    deployment.wait_until_it_works(run_id, tmp_path)
    deployment.wait_until(lambda: "Attempt 1 of 3 failed" in deployment.messages(run_id), lambda: "the failed attempt")
    deployment.ui.terminate_run(run_id)
    deployment.wait_for_status(run_id, DagsterRunStatus.CANCELED, seconds=20)
    (tmp_path / "go").touch()
    deployment.wait_for_status(deployment.submit(tmp_path), DagsterRunStatus.SUCCESS)


def test_a_run_terminated_while_it_waits_for_a_worker_never_executes(deployment: Deployment, tmp_path: Path) -> None:
    deployment.supervisor.stop(WORKER)
    run_id = deployment.submit(tmp_path)
    deployment.wait_for_status(run_id, DagsterRunStatus.STARTING)
    deployment.terminate_by_force(run_id)
    deployment.start_worker()
    (tmp_path / "go").touch()
    deployment.wait_for_status(deployment.submit(tmp_path), DagsterRunStatus.SUCCESS)
    assert deployment.run(run_id).status == DagsterRunStatus.CANCELED
    assert not (tmp_path / run_id).exists()


def test_a_run_terminated_by_force_leaves_its_process_to_the_next_run(deployment: Deployment, tmp_path: Path) -> None:
    run_id = deployment.submit(tmp_path)
    process = deployment.wait_until_it_works(run_id, tmp_path)
    deployment.terminate_by_force(run_id)
    following = deployment.submit(tmp_path)
    assert deployment.wait_until_it_works(following, tmp_path) == process
    assert deployment.run(run_id).status == DagsterRunStatus.CANCELED
    (tmp_path / "go").touch()
    deployment.wait_for_status(following, DagsterRunStatus.SUCCESS)


def test_a_run_whose_process_is_killed_fails_and_is_run_again(deployment: Deployment, tmp_path: Path) -> None:
    run_id = deployment.submit(tmp_path)
    os.kill(deployment.wait_until_it_works(run_id, tmp_path), signal.SIGKILL)
    deployment.wait_for_status(run_id, DagsterRunStatus.FAILURE)
    retry = deployment.wait_for_retry(run_id)
    deployment.wait_until_it_works(retry.run_id, tmp_path)
    (tmp_path / "go").touch()
    deployment.wait_for_status(retry.run_id, DagsterRunStatus.SUCCESS)


def test_a_worker_that_is_stopped_interrupts_its_run_which_is_run_again(deployment: Deployment, tmp_path: Path) -> None:
    run_id = deployment.submit(tmp_path)
    process = deployment.wait_until_it_works(run_id, tmp_path)
    deployment.supervisor.stop(WORKER)
    assert deployment.run(run_id).status == DagsterRunStatus.FAILURE
    assert not psutil.pid_exists(process)
    deployment.start_worker()
    (tmp_path / "go").touch()
    deployment.wait_for_status(deployment.wait_for_retry(run_id).run_id, DagsterRunStatus.SUCCESS)


def test_an_orderly_stop_lets_the_run_under_way_finish_also_in_a_process_that_replaced_another(
    deployment: Deployment, tmp_path: Path
) -> None:
    worker = deployment.worker
    killed = deployment.submit(tmp_path)
    os.kill(deployment.wait_until_it_works(killed, tmp_path), signal.SIGKILL)
    run_id = deployment.wait_for_retry(killed).run_id
    deployment.wait_until_it_works(run_id, tmp_path)
    threads = worker.num_threads()
    stop = threading.Thread(target=deployment.supervisor.stop, args=(WORKER,))
    stop.start()
    if deployment.environment["DAGSTER_CELERY_BROKER_URL"].startswith(SQL_BROKER_PREFIX):
        # The thread that forked the replacement has ended; with Redis there is none.
        eventually(worker.num_threads, "the pool has begun to stop", until=lambda now: now < threads)
    (tmp_path / "go").touch()
    stop.join()
    assert deployment.run(run_id).status == DagsterRunStatus.SUCCESS


def test_a_worker_that_hangs_when_it_is_stopped_together_with_its_processes_ends_all_the_same(
    deployment: Deployment, tmp_path: Path
) -> None:
    """The process that is held stands for one that died with a lock of the pool: the stop waits for it without end."""
    (tmp_path / "go").touch()
    run_id = deployment.submit(tmp_path)
    process = psutil.Process(deployment.wait_until_it_works(run_id, tmp_path))
    deployment.wait_for_status(run_id, DagsterRunStatus.SUCCESS)
    worker = deployment.worker
    process.suspend()
    os.killpg(worker.pid, signal.SIGTERM)
    bound = SHUTDOWN_GRACE_SECONDS + ORDERLY_STOP_SECONDS
    assert psutil.wait_procs([worker, process], timeout=bound + 10)[1] == []
    assert f"has not stopped within {bound:.0f} s" in deployment.supervisor.log(WORKER).read_text()
    deployment.supervisor.stop(WORKER)
    deployment.start_worker()
    deployment.wait_for_status(deployment.submit(tmp_path), DagsterRunStatus.SUCCESS)


def test_a_worker_that_is_killed_takes_its_processes_along_and_their_run_is_run_again(
    deployment: Deployment, tmp_path: Path
) -> None:
    run_id = deployment.submit(tmp_path)
    process = psutil.Process(deployment.wait_until_it_works(run_id, tmp_path))
    deployment.worker.kill()
    assert psutil.wait_procs([process], timeout=GRACE_SECONDS + 10)[1] == []
    # Without waiting for the heartbeat to be missed.
    assert deployment.run(run_id).status == DagsterRunStatus.FAILURE
    deployment.supervisor.stop(WORKER)
    deployment.start_worker()
    (tmp_path / "go").touch()
    deployment.wait_for_status(deployment.wait_for_retry(run_id).run_id, DagsterRunStatus.SUCCESS)


def test_a_run_whose_whole_worker_died_counts_as_failed_once_its_heartbeat_is_old(
    deployment: Deployment, tmp_path: Path
) -> None:
    run_id = deployment.submit(tmp_path)
    process = deployment.wait_until_it_works(run_id, tmp_path)
    worker = deployment.worker
    launcher = deployment.instance.run_launcher
    assert isinstance(launcher, CeleryRunLauncher)
    assert launcher.check_run_worker_health(deployment.run(run_id)).status == WorkerStatus.RUNNING
    for pid in (worker.pid, process):
        os.kill(pid, signal.SIGKILL)
    # Nobody is left to say that the task failed: Celery's record goes on saying that it has started.
    record = launcher.celery.backend.get_task_meta(run_id)
    verdict = judge_worker(record, now=time.time() + HEARTBEAT_TIMEOUT_SECONDS)
    assert verdict.status == WorkerStatus.FAILED
    assert str(process) in str(verdict.msg)


def test_a_worker_whose_idle_process_is_killed_executes_runs_again(deployment: Deployment, tmp_path: Path) -> None:
    """On PostgreSQL the killed process takes a lock with it that the next one waits for: the worker begins anew."""
    (tmp_path / "go").touch()
    first = deployment.submit(tmp_path)
    idle = deployment.wait_until_it_works(first, tmp_path)
    deployment.wait_for_status(first, DagsterRunStatus.SUCCESS)
    os.kill(idle, signal.SIGKILL)
    second = deployment.submit(tmp_path)
    # Its own run may be one that the worker held, which then fails and is run again.
    deployment.wait_until(
        lambda: any(
            run.status == DagsterRunStatus.SUCCESS
            for run in deployment.instance.get_runs()
            if second in {run.root_run_id, run.run_id}
        ),
        lambda: f"run {second} or its retry",
        seconds=240,
    )
