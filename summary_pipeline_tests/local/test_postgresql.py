import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from summary_pipeline.local.errors import DirectoryInUseError, PortTakenError
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline.local.processes import is_alive
from summary_pipeline.local.unprivileged import other_user, run_as
from summary_pipeline_tests.local.process_support import (
    listening_addresses,
    python_process,
    read_line,
    require_none_of,
    wait_until,
)

pytestmark = pytest.mark.servers

RUNS_A_SERVER = """
import signal, sys
from pathlib import Path
from summary_pipeline.local.postgresql import EmbeddedPostgres

server = EmbeddedPostgres(Path(sys.argv[1])).start()
print(server.port, flush=True)
signal.pause()
"""


def connect(server: EmbeddedPostgres, database: str = "kept") -> "psycopg2.extensions.connection":
    return psycopg2.connect(server.url(database, "postgresql"))


def write_row(server: EmbeddedPostgres, text: str) -> None:
    with closing(connect(server)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS notes (text TEXT)")
        cursor.execute("INSERT INTO notes VALUES (%s)", (text,))


def rows(server: EmbeddedPostgres) -> list[str]:
    with closing(connect(server)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT text FROM notes ORDER BY text")
        return [row[0] for row in cursor.fetchall()]


def test_data_password_and_port_outlive_a_restart(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as server:
        server.create_database("kept")
        write_row(server, "first")
        before = (server.port, server.password)
    require_none_of(tmp_path, 0.1)
    with EmbeddedPostgres(tmp_path) as server:
        assert (server.port, server.password) == before
        assert rows(server) == ["first"]


def test_committed_data_outlives_sigkill_of_the_server_process(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path).start()
    server.create_database("kept")
    write_row(server, "committed")
    process = server.process()
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(process), "the server is dead")
    server.stop()
    with EmbeddedPostgres(tmp_path) as again:
        assert rows(again) == ["committed"]


def test_a_server_whose_parent_was_killed_does_not_stand_in_the_way(tmp_path: Path) -> None:
    with python_process(RUNS_A_SERVER, str(tmp_path)) as parent:
        assert read_line(parent).isdigit()
        parent.kill()
        parent.wait(30)
    with EmbeddedPostgres(tmp_path) as server:
        server.create_database("kept")


def test_a_server_that_no_list_names_is_found_by_its_data_directory(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path).start()
    server.create_database("kept")
    server.stop()
    server.prepare()
    part = server.part()
    with subprocess.Popen(
        [*part.run_as.prefix, *part.command],
        env=dict(part.environment),
        user=part.run_as.user,
        group=part.run_as.group,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as unlisted:
        wait_until(server.is_ready, "the unlisted server takes connections")
        with EmbeddedPostgres(tmp_path) as again:
            assert unlisted.wait(30) == 0
            write_row(again, "after")


def test_the_password_is_needed_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as server:
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(host=server.host, port=server.port, user=server.user, password="guess", dbname="postgres")
        assert stat.S_IMODE((tmp_path / "password").stat().st_mode) == 0o600
        assert len(server.password) >= 24


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as server:
        process = server.process()
        assert process is not None
        assert listening_addresses({process.pid}) == {"127.0.0.1"}


def test_creating_a_database_twice_changes_nothing(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as server:
        server.create_database("kept")
        write_row(server, "first")
        server.create_database("kept")
        assert rows(server) == ["first"]


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"port {port} .*postgresql needs, is taken"):
            EmbeddedPostgres(tmp_path, port=port).start()
    require_none_of(tmp_path, 0.1)


def test_a_remembered_port_that_is_taken_meanwhile_is_replaced(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as server:
        port = server.port
    with socket.create_server(("127.0.0.1", port)), EmbeddedPostgres(tmp_path) as server:
        assert server.port != port


def test_two_servers_do_not_share_a_directory(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as server:
        with pytest.raises(DirectoryInUseError):
            EmbeddedPostgres(tmp_path).start()
        assert server.is_ready()


def test_stopping_does_not_wait_for_open_sessions(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as server:
        server.create_database("kept")
        session = connect(server)
    with pytest.raises(psycopg2.OperationalError), session.cursor() as cursor:
        cursor.execute("SELECT 1")


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A folder that everybody may enter, which pytest's own folders are not."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run PostgreSQL as somebody else")
class TestAsRoot:
    def test_the_server_is_somebody_else_without_any_privilege(self, open_directory: Path) -> None:
        with EmbeddedPostgres(open_directory) as server:
            assert status_of(server)["Uid"].split()[0] != "0"
            assert int(status_of(server)["CapEff"], 16) == 0

    def test_below_a_private_folder_it_may_read_past_permissions_and_nothing_else(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o700)
        with EmbeddedPostgres(tmp_path / "data") as server:
            assert status_of(server)["Uid"].split()[0] != "0"
            assert int(status_of(server)["CapEff"], 16).bit_count() == 1
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700

    def test_a_normal_user_can_run_one(self, open_directory: Path) -> None:
        account = other_user()
        assert account is not None
        shutil.chown(open_directory, account.pw_uid, account.pw_gid)
        # This interpreter may lie where only root can go.
        how = run_as(account, [Path(sys.executable).resolve()])
        program = (
            "import os, sys; from pathlib import Path; from summary_pipeline.local.postgresql import EmbeddedPostgres\n"
            "with EmbeddedPostgres(Path(sys.argv[1])) as server: server.create_database('own')\n"
            "print(os.geteuid() or 'root')"
        )
        result = subprocess.run(
            [*how.prefix, sys.executable, "-c", program, str(open_directory)],
            user=how.user,
            group=how.group,
            extra_groups=None if how.user is None else [],
            env={"PATH": os.defpath},
            cwd=open_directory,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.stdout == f"{account.pw_uid}\n", result.stderr


def status_of(server: EmbeddedPostgres) -> dict[str, str]:
    process = server.process()
    assert process is not None
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
    return {name: value.strip() for name, _colon, value in (line.partition(":") for line in lines)}
