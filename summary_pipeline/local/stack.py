"""The whole embedded stack: servers, databases, Dagster and the relay, under one supervisor.

Belongs here: what is started in which order, and the environment that comes of it.
Does not belong here: what is embedded and what is not (``plan``), any single server, the demo's data (``demo``).
"""

import contextlib
import os
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from summary_pipeline.database.engine import DatabaseAddress, create_database_engine
from summary_pipeline.database.schema import create_missing_shared_tables, migrate_own_tables
from summary_pipeline.deployment.environment import dagster_environment, prepare_dagster_home
from summary_pipeline.local import dagster_parts, ports
from summary_pipeline.local.apache_kafka import ApacheKafka
from summary_pipeline.local.embedded_server import EmbeddedServer
from summary_pipeline.local.external_servers import require_external_servers
from summary_pipeline.local.kafka_broker import MockKafka
from summary_pipeline.local.offline_openai import OfflineOpenAI
from summary_pipeline.local.openai_server.configuration import SERVED_MODEL
from summary_pipeline.local.part import Part
from summary_pipeline.local.plan import ALL_PARTS, PartName, given_variables, make_plan, redis_url, replaced_variables
from summary_pipeline.local.postgresql import PLATFORM_DATABASE, EmbeddedPostgres
from summary_pipeline.local.s3_server import EmbeddedS3
from summary_pipeline.local.supervisor import Supervisor

DAGSTER_DATABASE = "dagster"
DEFAULT_BUCKET = "videos"

_REPOSITORY = Path(__file__).resolve().parents[2]


class LocalStack:
    """The stack on ``data_dir``. Use it as a context manager, or ``start`` and ``stop`` it.

    Args:
        data_dir: Where everything is kept; a later stack on the same directory goes on where this one stopped.
        environment: What is already named in it is used instead of an embedded part; all of it reaches the children.
        parts: What to start.
        kafka: The embedded broker: librdkafka's mock cluster, or Apache Kafka.
        ui_port: Port of Dagster's UI; None for a free one.
        workers: Runs executed at once.
        report: Told of each part's state: name, state, detail. Called from several threads.
    """

    def __init__(
        self,
        data_dir: Path,
        environment: Mapping[str, str],
        *,
        parts: Collection[PartName] = ALL_PARTS,
        kafka: Literal["mock", "apache"] = "mock",
        ui_port: int | None = None,
        workers: int = 2,
        report: Callable[[str, str, str], None] = lambda _name, _state, _detail: None,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.plan = make_plan(parts, environment)
        self.environment = given_variables(self.plan, environment)
        """The variables that production sets, once started."""
        self.supervisor = Supervisor(self.data_dir, report)
        self._given = environment
        self._workers = workers
        self._wanted_ui_port = ui_port
        self._ui_port: int | None = None
        self._report = report
        self._parts: dict[str, Part] = {}
        self.postgresql = EmbeddedPostgres(self.data_dir / "postgresql")
        self.s3 = EmbeddedS3(self.data_dir / "s3", bucket=environment.get("AWS_YOUTUBE_BUCKET") or DEFAULT_BUCKET)
        self.kafka = (MockKafka if kafka == "mock" else ApacheKafka)(self.data_dir / f"kafka-{kafka}")
        self.openai = OfflineOpenAI(self.data_dir / "openai")
        self._servers: dict[PartName, EmbeddedServer] = {
            "postgresql": self.postgresql,
            "kafka": self.kafka,
            "s3": self.s3,
            "openai": self.openai,
        }

    @property
    def ui_url(self) -> str | None:
        """Where Dagster's UI is, None where it is not part of the stack."""
        return f"http://{ports.LOOPBACK}:{self._ui_port}" if self._ui_port is not None else None

    @property
    def child_environment(self) -> dict[str, str]:
        """All variables of a process of the stack."""
        replaced = replaced_variables(self.plan)
        kept = {name: value for name, value in self._given.items() if name not in replaced}
        return {"PATH": os.defpath, **kept, "PYTHONUNBUFFERED": "1", **self.environment}

    @property
    def environment_file(self) -> Path:
        """``environment``, to be sourced by a shell. It holds the password, so only its owner may read it."""
        return self.data_dir / "environment.sh"

    def start(self) -> Self:
        """Start everything and return when it is ready; nothing stays behind where that fails.

        Raises:
            SettingsError: Dagster is to start, and a variable is missing or malformed.
            StackError: a port is taken, the directory is in use, a server that the environment names does not answer,
                a part fails, or the definitions cannot be loaded.
        """
        with contextlib.ExitStack() as undo:
            undo.enter_context(self.supervisor)
            if self.plan.dagster and self._wanted_ui_port is not None:
                # Before the servers, so that the likeliest trouble is told at once.
                ports.require_free(self._wanted_ui_port, "Dagster's UI")
            for name, instead in self.plan.external.items():
                self._report(name, "external", instead)
            if self.plan.dagster:
                # Its processes would fail one by one, or wait in silence.
                require_external_servers(self.plan, self._given)
            self._start_servers()
            self._prepare_databases()
            self._start_pipeline()
            self._write_environment_file()
            undo.pop_all()
        return self

    def stop(self) -> None:
        """Stop everything. Data stays."""
        self.supervisor.close()

    def check(self) -> None:
        """Raise where a part has died.

        Raises:
            PartFailedError: naming the part and the end of its log.
        """
        self.supervisor.check()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until a part dies, or for ``seconds``.

        Raises:
            PartFailedError: a part has died.
        """
        self.supervisor.wait(seconds)

    def launch(self, name: str) -> None:
        """Start a part again that was killed (``supervisor.kill``) or has died, and return at once."""
        if name in self.supervisor.dead():
            self.supervisor.kill(name)
        self.supervisor.launch(self._parts[name])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _start_servers(self) -> None:
        servers = [server for name, server in self._servers.items() if name in self.plan.processes]
        for server in servers:
            server.prepare()
        self._start_parts(*(server.part() for server in servers))
        for server in servers:
            server.complete()
        for name in self.plan.servers:
            self.environment |= self._servers[name].environment()
        self.environment.setdefault("DB_SCHEMA", "public")
        if not self._given.get("SUMMARY_REPORT_DIR"):
            self.environment["SUMMARY_REPORT_DIR"] = str(self.data_dir / "reports")
        if "openai" in self.plan.servers and not self._given.get("SUMMARY_MODEL"):
            # The server answers whatever model is asked for; asked for by its own name, it is not taken for that one.
            self.environment["SUMMARY_MODEL"] = SERVED_MODEL

    def _prepare_databases(self) -> None:
        if self.plan.dagster_database:
            self.postgresql.create_database(DAGSTER_DATABASE)
        if self.plan.platform_database:
            self.postgresql.create_database(PLATFORM_DATABASE)
            schema = self.environment["DB_SCHEMA"]
            address = DatabaseAddress(
                host=self.postgresql.host,
                port=self.postgresql.port,
                database=PLATFORM_DATABASE,
                user=self.postgresql.user,
                password=self.postgresql.password,
            )
            engine = create_database_engine(address, schema=schema, application_name="summary-pipeline stack")
            try:
                create_missing_shared_tables(engine, schema)
                migrate_own_tables(engine, schema)
            finally:
                engine.dispose()

    def _start_pipeline(self) -> None:
        beside: list[Part] = []
        if self.plan.dagster:
            beside += self._start_code_server()
        if self.plan.relay:
            beside.append(
                Part(
                    name="relay",
                    command=[sys.executable, "-m", "summary_pipeline.cli", "relay"],
                    environment=self.child_environment,
                    directory=_REPOSITORY,
                )
            )
        self._start_parts(*beside)
        if self.plan.dagster and self._ui_port is not None:
            dagster_parts.require_definitions(self._ui_port, lambda: self.supervisor.wait(0.2))

    def _start_code_server(self) -> list[Part]:
        """Start it by itself, because the first of Dagster's processes creates its tables; return the others."""
        home = self.data_dir / "dagster"
        prepare_dagster_home(home, _REPOSITORY / "dagster.yaml")
        code_port = ports.remembered_port(home / "code-server-port")
        self._ui_port = self._wanted_ui_port or ports.free_port()
        own_url = self.postgresql.url(DAGSTER_DATABASE) if self.plan.dagster_database else None
        self.environment |= dagster_environment(
            dagster_home=home,
            postgres_url=own_url or self._given["DAGSTER_POSTGRES_URL"],
            redis_url=redis_url(self._given),
            workers=self._workers,
            code_server_port=code_port,
        )
        self.environment["SUMMARY_DAGSTER_URL"] = f"http://{ports.LOOPBACK}:{self._ui_port}"
        environment = self.child_environment
        self._start_parts(dagster_parts.code_server(environment, code_port, _REPOSITORY))
        return [
            dagster_parts.webserver(environment, home, self._ui_port, _REPOSITORY),
            dagster_parts.daemon(environment, home, _REPOSITORY, self.supervisor.log("daemon")),
            dagster_parts.worker(environment, self._workers, _REPOSITORY, self.supervisor.log("worker")),
        ]

    def _start_parts(self, *parts: Part) -> None:
        self._parts |= {part.name: part for part in parts}
        self.supervisor.start(*parts)

    def _write_environment_file(self) -> None:
        file = self.environment_file
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        quoted = {name: value.replace("'", "'\\''") for name, value in self.environment.items()}
        file.write_text(
            "".join(f"export {name}='{value}'\n" for name, value in sorted(quoted.items())), encoding="utf-8"
        )
