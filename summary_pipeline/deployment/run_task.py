"""The Celery task that executes a run: dagster-celery's own, with a watch around it.

Belongs here: what happens in a worker process before and after a run. Does not belong here: how the process is made
(``celery_worker``).
"""

import signal
from functools import cache

from celery import Celery, Task
from dagster import DagsterInstance
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import unpack_value
from dagster_celery.tasks import create_execute_job_task
from dagster_shared.serdes.serdes import JsonSerializableValue

from summary_pipeline.deployment.run_watch import RunWatch


class RunTask(Task):  # type: ignore[misc]  # Celery publishes no types
    """Base of the task. Celery calls it in the main thread of a prefork child."""

    abstract = True

    def __call__(self, execute_job_args_packed: JsonSerializableValue) -> object:
        """Execute the run under a watch; a run that was ended while it waited at the broker, Dagster leaves alone."""
        run_id = unpack_value(execute_job_args_packed, as_type=ExecuteRunArgs).run_id
        terminate_handler = signal.getsignal(signal.SIGTERM)
        instance = instance_of_process()
        try:
            with RunWatch(run_id=run_id, instance=instance, backend=self.backend, hostname=self.request.hostname):
                return self.run(execute_job_args_packed=execute_job_args_packed)
        finally:
            # Dagster leaves SIGTERM with the handler of SIGINT, which in a Celery child is to ignore it.
            signal.signal(signal.SIGTERM, terminate_handler)

    def on_failure(
        self, exc: BaseException, task_id: str, args: tuple[object, ...], kwargs: dict[str, object], einfo: object
    ) -> None:
        """Tell Dagster of a task that failed before its run began; the run would stay STARTING until its time is up."""
        del args, kwargs
        instance = instance_of_process()
        run = instance.get_run_by_id(task_id)
        if run is not None and not run.is_finished:
            instance.report_run_failed(run, f"The worker could not execute the run: {exc!r}\n{einfo}")


@cache
def instance_of_process() -> DagsterInstance:
    """Return an instance for everything around runs; dagster-celery makes another one for each run itself."""
    return DagsterInstance.get()


def register_run_task(app: Celery) -> None:
    """Make ``app`` able to execute the runs that ``WarmWorkerRunLauncher`` hands over."""
    task = create_execute_job_task(app, base=RunTask)  # type: ignore[arg-type]  # annotated as one dict, meant as options
    # The first heartbeat is what marks the task STARTED; Celery's own mark would carry no time.
    task.track_started = False
