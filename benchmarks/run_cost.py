"""What one run costs Dagster: N runs of five empty assets through the whole stack, in fresh processes.

    python -m benchmarks.run_cost [--runs 60] [--workers 2] [--broker both] [--storage both]

Starts PostgreSQL (and Redis), code server, daemon and Celery workers, lets a few runs pass, then measures N of them and
prints a Markdown table. ``stock`` is dagster-postgres's own storage, a connection per statement, for comparison.
"""

import argparse
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg2
import redis

from summary_pipeline.deployment import commands
from summary_pipeline.deployment.environment import dagster_environment, prepare_dagster_home
from summary_pipeline.local import ports
from summary_pipeline.local.part import Part
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline.local.supervisor import Supervisor

REPOSITORY = Path(__file__).parents[1]
MODULE = "benchmarks.run_cost_definitions"
WARM_UP_RUNS = 6
PARTS = ("postgresql", "redis", "code-server", "daemon", "celery-worker")
STOCK_STORAGE = {
    "module: summary_pipeline.deployment.storage": "module: dagster_postgres",
    "class: PooledPostgresStorage": "class: DagsterPostgresStorage",
}


@dataclass(frozen=True)
class Cost:
    wall_seconds: float
    failed: int
    most_connections: int
    core_seconds: Mapping[str, float]


class Stack:
    """The running stack; ``supervisor`` knows its processes."""

    def __init__(self, supervisor: Supervisor, server: EmbeddedPostgres) -> None:
        self.supervisor = supervisor
        self.connection = psycopg2.connect(server.url("dagster", "postgresql"))
        self.connection.autocommit = True

    def query(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()

    def request(self, first: int, count: int) -> None:
        """Make partitions, which the sensor requests runs for."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO dynamic_partitions (partitions_def_name, partition)"
                " SELECT 'videos', generate_series(%s, %s)::text",
                (first, first + count - 1),
            )

    def ended(self) -> int:
        return int(
            str(self.query("SELECT count(*) FROM runs WHERE status IN ('SUCCESS', 'FAILURE', 'CANCELED')")[0][0])
        )

    def wait_for(self, ended: int, within: float) -> None:
        deadline = time.monotonic() + within
        while self.ended() < ended:
            if time.monotonic() > deadline:
                raise TimeoutError(f"only {self.ended()} of {ended} runs ended within {within:.0f} s")
            self.supervisor.wait(0.2)

    def core_seconds(self) -> dict[str, float]:
        """CPU seconds so far of each part, all its processes and their ended children included."""
        return {
            name: sum(cpu_seconds(member.pid) for member in self.supervisor.members(name))
            for name in PARTS
            if self.supervisor.identity(name)
        }


def cpu_seconds(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


@contextmanager
def running_stack(broker: str, storage: str, workers: int) -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="run-cost-") as made, Supervisor(Path(made) / "stack") as supervisor:
        directory = Path(made)
        server = EmbeddedPostgres(directory / "postgresql")
        server.prepare()
        supervisor.start(server.part())
        server.create_database("dagster")
        redis_port = ports.free_port() if broker == "redis" else None
        if redis_port is not None:
            supervisor.start(redis_part(directory, redis_port))
        home = directory / "home"
        prepare_dagster_home(home, REPOSITORY / "dagster.yaml")
        configuration = (home / "dagster.yaml").read_text().replace(commands.DEFINITIONS_MODULE, MODULE)
        for pooled, stock in STOCK_STORAGE.items() if storage == "stock" else ():
            configuration = configuration.replace(pooled, stock)
        (home / "dagster.yaml").write_text(configuration)
        code_port = ports.free_port()
        environment = dict(os.environ) | dagster_environment(
            dagster_home=home,
            postgres_url=server.url("dagster"),
            redis_url=f"redis://127.0.0.1:{redis_port}/0" if redis_port else None,
            workers=workers,
            code_server_port=code_port,
        )

        def part(name: str, command: list[str], port: int | None = None) -> Part:
            return Part(
                name=name,
                command=command,
                environment=environment,
                directory=REPOSITORY,
                port=port,
                is_ready=lambda: port is None or ports.accepts(port),
            )

        supervisor.start(part("code-server", commands.code_server_command(code_port, module=MODULE), code_port))
        supervisor.start(
            part("daemon", commands.daemon_command(home)),
            part("celery-worker", commands.celery_worker_command(workers)),
        )
        stack = Stack(supervisor, server)
        yield stack
        stack.connection.close()


def redis_part(directory: Path, port: int) -> Part:
    binary = shutil.which("redis-server")
    if binary is None:
        raise SystemExit("redis-server is not installed")

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


def measure(broker: str, storage: str, workers: int, runs: int) -> Cost:
    with running_stack(broker, storage, workers) as stack:
        while not stack.query("SELECT to_regclass('dynamic_partitions')")[0][0]:
            stack.supervisor.wait(0.2)
        stack.request(1, WARM_UP_RUNS)
        stack.wait_for(WARM_UP_RUNS, within=120)
        before = stack.core_seconds()
        connections = [0]
        stop = threading.Event()
        watcher = threading.Thread(target=watch_connections, args=(stack, connections, stop))
        watcher.start()
        stack.request(1000, runs)
        try:
            stack.wait_for(WARM_UP_RUNS + runs, within=600)
        finally:
            stop.set()
            watcher.join()
        after = stack.core_seconds()
        (row,) = stack.query(
            "SELECT extract(epoch FROM max(to_timestamp(end_time)) - min(create_timestamp AT TIME ZONE 'UTC')),"
            " count(*) FILTER (WHERE status <> 'SUCCESS') FROM runs WHERE partition::int >= 1000"
        )
        return Cost(
            wall_seconds=float(str(row[0])),
            failed=int(str(row[1])),
            most_connections=max(connections),
            core_seconds={name: (after[name] - before[name]) / runs for name in after},
        )


def watch_connections(stack: Stack, found: list[int], stop: threading.Event) -> None:
    while not stop.wait(0.05):
        rows = stack.query(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        found.append(int(str(rows[0][0])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--broker", choices=("postgresql", "redis", "both"), default="postgresql")
    parser.add_argument("--storage", choices=("pooled", "stock", "both"), default="pooled")
    arguments = parser.parse_args()
    brokers = ("postgresql", "redis") if arguments.broker == "both" else (arguments.broker,)
    storages = ("stock", "pooled") if arguments.storage == "both" else (arguments.storage,)
    print(f"{arguments.runs} runs of five empty assets, {arguments.workers} warm worker processes\n")
    print("| broker | storage | wall s | failed | most connections | core-s/run | of which " + ", ".join(PARTS) + " |")
    print("|---|---|---|---|---|---|---|")
    for broker in brokers:
        for storage in storages:
            cost = measure(broker, storage, arguments.workers, arguments.runs)
            shares = ", ".join(f"{cost.core_seconds[name]:.3f}" if name in cost.core_seconds else "-" for name in PARTS)
            print(
                f"| {broker} | {storage} | {cost.wall_seconds:.1f} | {cost.failed} | {cost.most_connections}"
                f" | {sum(cost.core_seconds.values()):.2f} | {shares} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
