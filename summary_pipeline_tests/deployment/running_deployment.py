"""Dagster's processes as ``deployment.commands`` starts them; the code location is ``waiting_definitions``."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx
import psutil
import pytest
import redis
from dagster import DagsterInstance, DagsterRun
from dagster._core.storage.dagster_run import DagsterRunStatus, RunsFilter
from dagster_graphql import DagsterGraphQLClient

from summary_pipeline.deployment import commands
from summary_pipeline.deployment.environment import dagster_environment, prepare_dagster_home
from summary_pipeline.local import ports
from summary_pipeline.local.part import Part
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline.local.supervisor import Supervisor
from summary_pipeline_tests.deployment.waiting_definitions import JOB_NAME, PLACE_TAG

REPOSITORY = Path(__file__).parents[2]
MODULE = "summary_pipeline_tests.deployment.waiting_definitions"
WORKER = "celery-worker"
Broker = Literal["postgresql", "redis"]
#: A worker wants to know where the platform is before it starts; the runs of these tests go nowhere.
PLATFORM = {
    "DB_HOST": "127.0.0.1",
    "PG_USER": "nobody",
    "PG_PASSWORD": "nothing",
    "DB_NAME": "nowhere",
    "KAFKA_BROKERS": "127.0.0.1:1",
    "AWS_YOUTUBE_BUCKET": "nowhere",
    "OPENAI_API_KEY": "none",
    "OPENAI_BASE_URL": "http://127.0.0.1:1/v1",
}


@dataclass
class Deployment:
    """Code server, daemon, webserver and a worker of one process."""

    supervisor: Supervisor
    environment: dict[str, str]
    instance: DagsterInstance
    ui: DagsterGraphQLClient
    ui_address: str

    def part(self, name: str, command: list[str], port: int | None = None, path: str | None = None) -> Part:
        def is_ready() -> bool:
            return port is None or (ports.accepts(port) if path is None else ports.answers_http(port, path))

        return Part(
            name=name,
            command=command,
            environment=self.environment,
            directory=REPOSITORY,
            port=port,
            is_ready=is_ready,
            patience_seconds=25,
        )

    def start_worker(self) -> None:
        self.supervisor.start(self.part(WORKER, commands.celery_worker_command(1)))

    def submit(self, place: Path, job: str = JOB_NAME) -> str:
        """Request a run, as the UI does, and return its id."""
        return self.ui.submit_job_execution(job, tags={PLACE_TAG: str(place)})

    @property
    def worker(self) -> psutil.Process:
        """The worker's process, the parent of those that execute runs."""
        identity = self.supervisor.identity(WORKER)
        assert identity is not None
        return psutil.Process(identity.pid)

    def terminate_by_force(self, run_id: str) -> None:
        """What the UI does where the box "force termination" is ticked, the only way to end a run that is STARTING."""
        mutation = f"""mutation {{
            terminateRun(runId: "{run_id}", terminatePolicy: MARK_AS_CANCELED_IMMEDIATELY) {{ __typename }}
        }}"""
        answer = httpx.post(f"{self.ui_address}/graphql", json={"query": mutation}, timeout=30)
        assert answer.json() == {"data": {"terminateRun": {"__typename": "TerminateRunSuccess"}}}

    def run(self, run_id: str) -> DagsterRun:
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run

    def wait_for_status(self, run_id: str, status: DagsterRunStatus, seconds: float = 60) -> None:
        self.wait_until(
            lambda: self.run(run_id).status == status, lambda: f"{status}, not {self.run(run_id).status}", seconds
        )

    def wait_until_it_works(self, run_id: str, place: Path) -> int:
        """Wait until the run's asset waits, and return the id of the process that it waits in."""
        file = place / run_id
        self.wait_until(file.exists, lambda: f"the asset; the run is {self.run(run_id).status}")
        return int(file.read_text())

    def wait_for_retry(self, run_id: str) -> DagsterRun:
        """Wait for the run that run retries start in place of ``run_id``, and return it."""

        def retries() -> list[DagsterRun]:
            return [run for run in self.instance.get_runs(RunsFilter()) if run.parent_run_id == run_id]

        self.wait_until(lambda: bool(retries()), lambda: "a retry")
        return retries()[0]

    def wait_until(self, holds: Callable[[], bool], what: Callable[[], str], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                pytest.fail(f"waited {seconds:.0f} s for {what()}")
            self.supervisor.wait(0.05)

    def messages(self, run_id: str) -> str:
        """Everything that the run's page says."""
        return "\n".join(entry.message + str(entry.dagster_event) for entry in self.instance.all_logs(run_id))


@contextmanager
def running_deployment(server: EmbeddedPostgres, directory: Path, broker: Broker) -> Iterator[Deployment]:
    """Start everything but the worker."""
    database = f"dagster_on_{broker}"
    server.create_database(database)
    home = directory / "home"
    prepare_dagster_home(home, REPOSITORY / "dagster.yaml")
    configuration = (home / "dagster.yaml").read_text(encoding="utf-8")
    (home / "dagster.yaml").write_text(
        configuration.replace(commands.DEFINITIONS_MODULE, MODULE).replace(
            "poll_interval_seconds: 15", "poll_interval_seconds: 1"
        ),
        encoding="utf-8",
    )
    code_port, ui_port, redis_port = ports.free_port(), ports.free_port(), ports.free_port()
    dagsters = dagster_environment(
        dagster_home=home,
        postgres_url=server.url(database),
        redis_url=f"redis://127.0.0.1:{redis_port}/0" if broker == "redis" else None,
        workers=1,
        code_server_port=code_port,
    )
    with Supervisor(directory / "stack") as supervisor, pytest.MonkeyPatch.context() as patch:
        for name, value in {**PLATFORM, **dagsters}.items():
            patch.setenv(name, value)
        if broker == "redis":
            supervisor.start(redis_part(directory, redis_port))
        with DagsterInstance.get() as instance:
            deployment = Deployment(
                supervisor=supervisor,
                environment=dict(os.environ),
                instance=instance,
                ui=DagsterGraphQLClient("127.0.0.1", port_number=ui_port),
                ui_address=f"http://127.0.0.1:{ui_port}",
            )
            part = deployment.part
            supervisor.start(part("code-server", commands.code_server_command(code_port, module=MODULE), code_port))
            supervisor.start(
                part("daemon", commands.daemon_command(home)),
                part("webserver", commands.webserver_command(home, ui_port), ui_port, "/server_info"),
            )
            yield deployment


def redis_part(directory: Path, port: int) -> Part:
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("redis-server is not installed")

    def is_ready() -> bool:
        try:
            return bool(redis.Redis(port=port).ping())
        except redis.ConnectionError:
            return False

    return Part(
        name="redis",
        command=[binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)],
        environment=dict(os.environ),
        is_ready=is_ready,
        port=port,
    )
