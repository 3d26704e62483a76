"""``CeleryRunLauncher`` with the three repairs that this deployment needs.

Belongs here: how a run is handed to Celery, stopped and checked. Does not belong here: executing it (``run_task``).

1. Terminate works on every broker. The stock launcher asks the worker, by remote control, to kill the process; Kombu's
   SQLAlchemy transport has no remote control, and elsewhere the warm process would die with its run. Here the run is
   marked CANCELING, and the process that executes it sees that and interrupts itself.
2. A run whose worker host died is found, by the heartbeats that the worker writes into the task's result.
3. The task's id is the run's id, so nothing depends on a tag that is written only after the hand-over, and run
   monitoring's debug information does not read an attribute that results need not have.
"""

import time

from celery import Celery
from dagster import DagsterRun
from dagster._core.launcher import CheckRunHealthResult
from dagster._core.storage.dagster_run import DagsterRunStatus
from dagster_celery.launcher import CeleryRunLauncher
from typing_extensions import override

from summary_pipeline.deployment.worker_health import judge_worker

SQL_BROKER_PREFIX = "sqla+"
#: As many connections as the daemon has threads that launch runs; a worker uses one.
SQL_BROKER_ENGINE_OPTIONS = {"pool_size": 4, "pool_pre_ping": True}


class WarmWorkerRunLauncher(CeleryRunLauncher):
    """What ``dagster.yaml`` names as run launcher. Its configuration is that of ``CeleryRunLauncher``."""

    @override
    def app_args(self) -> dict[str, object]:
        arguments: dict[str, object] = super().app_args()
        if self.broker is not None and self.broker.startswith(SQL_BROKER_PREFIX):
            # Kombu hands these to SQLAlchemy's create_engine; dagster.yaml, which serves Redis too, cannot hold them.
            options = {**self.config_source["broker_transport_options"], **SQL_BROKER_ENGINE_OPTIONS}
            arguments["config_source"] = {**self.config_source, "broker_transport_options": options}
        return arguments

    @override
    def _launch_celery_task_run(self, run: DagsterRun, task_signature: Celery.Task, routing_key: str) -> None:
        super()._launch_celery_task_run(run, task_signature.set(task_id=run.run_id), routing_key)

    @override
    def terminate(self, run_id: str) -> bool:
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        if run.status != DagsterRunStatus.CANCELING:
            self._instance.report_run_canceling(run)
        return True

    @override
    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        return judge_worker(self.celery.backend.get_task_meta(run.run_id), now=time.time())

    @override
    def get_run_worker_debug_info(self, run: DagsterRun, include_container_logs: bool | None = True) -> str:
        task = self.celery.backend.get_task_meta(run.run_id)
        return f"Celery task {run.run_id}: {task['status']}, {task.get('result')}"
