"""The task in this process, without a worker, against a real instance."""

import signal
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from celery import Task, states
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.storage.dagster_run import DagsterRunStatus
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import pack_value

from summary_pipeline.deployment import run_task
from summary_pipeline.deployment.celery_worker import worker_app
from summary_pipeline_tests.deployment import waiting_definitions

pytestmark = pytest.mark.servers

ORIGIN = (
    ReconstructableRepository.for_module(waiting_definitions.__name__, "defs")
    .get_reconstructable_job(waiting_definitions.JOB_NAME)
    .get_python_origin()
)


@pytest.fixture
def task(instance: dg.DagsterInstance) -> Iterator[Task]:
    run_task.instance_of_process.cache_clear()
    task = worker_app(instance).tasks["execute_job"]
    yield task
    run_task.instance_of_process.cache_clear()


def create_run(instance: dg.DagsterInstance, place: Path, *, with_origin: bool) -> dg.DagsterRun:
    return instance.create_run_for_job(
        waiting_definitions.defs.resolve_job_def(waiting_definitions.JOB_NAME),
        tags={waiting_definitions.PLACE_TAG: str(place)},
        job_code_origin=ORIGIN if with_origin else None,
        status=DagsterRunStatus.STARTING,
    )


def execute(task: Task, run: dg.DagsterRun) -> None:
    packed = pack_value(ExecuteRunArgs(job_origin=ORIGIN, run_id=run.run_id, instance_ref=None))
    task.apply(task_id=run.run_id, kwargs={"execute_job_args_packed": packed})


def test_a_task_that_fails_before_its_run_begins_fails_the_run(
    instance: dg.DagsterInstance, task: Task, tmp_path: Path
) -> None:
    run = create_run(instance, tmp_path, with_origin=False)
    execute(task, run)
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status == DagsterRunStatus.FAILURE
    messages = [entry.message for entry in instance.all_logs(run.run_id)]
    assert any("The worker could not execute the run" in text and "origin" in text for text in messages)


def test_a_run_has_a_heartbeat_from_before_it_starts(instance: dg.DagsterInstance, task: Task, tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    run = create_run(instance, tmp_path, with_origin=True)
    execute(task, run)
    ended = instance.get_run_record_by_id(run.run_id)
    assert ended is not None
    assert ended.dagster_run.status == DagsterRunStatus.SUCCESS
    # Applied in this process, the task stores no result of its own: what is there is what the watch wrote.
    record = task.backend.get_task_meta(run.run_id)
    assert record["status"] == states.STARTED
    assert record["result"]["heartbeat_at"] <= ended.start_time


def test_sigterm_means_after_a_run_what_it_meant_before(
    instance: dg.DagsterInstance, task: Task, tmp_path: Path
) -> None:
    (tmp_path / "go").touch()
    before = signal.getsignal(signal.SIGTERM)
    execute(task, create_run(instance, tmp_path, with_origin=True))
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_worker_of_another_launcher_is_refused(tmp_path: Path) -> None:
    with (
        dg.DagsterInstance.local_temp(str(tmp_path)) as other,
        pytest.raises(TypeError, match="names DefaultRunLauncher as run launcher"),
    ):
        worker_app(other)
