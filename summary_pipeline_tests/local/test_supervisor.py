import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from summary_pipeline.local.errors import DirectoryInUseError, PartFailedError, PortTakenError
from summary_pipeline.local.part import Part
from summary_pipeline.local.processes import ProcessIdentity, is_alive
from summary_pipeline.local.supervisor import Supervisor
from summary_pipeline_tests.local.process_support import (
    processes_of,
    python_process,
    read_line,
    require_none_of,
    wait_until,
)
from summary_pipeline_tests.local.supervised_programs import IGNORES_SIGTERM, LEAVES_A_GRANDCHILD, WAITS


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor(tmp_path) as opened:
        yield opened


def part(name: str, program: str, directory: Path, *, port: int | None = None, patience: float = 10) -> Part:
    return Part(
        name=name,
        command=[sys.executable, "-c", program],
        environment={"OF": str(directory)},
        port=port,
        patience_seconds=patience,
    )


def fails_with(trouble: str, directory: Path) -> Part:
    return Part(
        name="broken",
        command=[sys.executable, "-c", f"raise SystemExit({trouble!r})"],
        environment={"OF": str(directory)},
        is_ready=lambda: False,
    )


def leader(supervisor: Supervisor, name: str) -> ProcessIdentity:
    identity = supervisor.identity(name)
    assert identity is not None
    return identity


def test_a_part_runs_until_it_is_stopped(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(part("waits", WAITS, tmp_path))
    process = leader(supervisor, "waits")
    assert is_alive(process)
    supervisor.stop("waits")
    assert not is_alive(process)
    assert supervisor.identity("waits") is None


def test_start_returns_when_the_part_is_ready(supervisor: Supervisor, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    program = f"import pathlib; pathlib.Path({str(sign)!r}).touch(); {WAITS}"
    supervisor.start(Part(name="slow", command=[sys.executable, "-c", program], environment={}, is_ready=sign.exists))
    assert sign.exists()


def test_a_part_that_dies_at_its_start_is_named_with_the_end_of_its_log(supervisor: Supervisor, tmp_path: Path) -> None:
    before = time.monotonic()
    with pytest.raises(PartFailedError, match=r"broken ended with status 1(?s:.*)no such luck"):
        supervisor.start(fails_with("no such luck", tmp_path))
    assert time.monotonic() - before < 30


def test_what_an_earlier_start_has_logged_is_not_told_as_the_reason_of_this_one(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    with pytest.raises(PartFailedError, match="an old trouble"):
        supervisor.start(fails_with("an old trouble", tmp_path))
    supervisor.stop("broken")
    with pytest.raises(PartFailedError, match="a new trouble") as failure:
        supervisor.start(fails_with("a new trouble", tmp_path))
    assert "an old trouble" not in str(failure.value)


def test_a_part_that_is_not_ready_in_time_is_named(supervisor: Supervisor, tmp_path: Path) -> None:
    late = Part(
        name="late",
        command=[sys.executable, "-c", f"print('still thinking', flush=True); {WAITS}"],
        environment={"OF": str(tmp_path)},
        is_ready=lambda: False,
        ready_within_seconds=0.5,
    )
    with pytest.raises(PartFailedError, match=r"late was not ready within 0\.5 s"):
        supervisor.start(late)
    supervisor.close()
    require_none_of(tmp_path)


def test_a_death_is_noticed_at_once(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(part("victim", WAITS, tmp_path), part("other", WAITS, tmp_path))
    os.kill(leader(supervisor, "victim").pid, signal.SIGKILL)
    before = time.monotonic()
    with pytest.raises(PartFailedError, match="victim was ended by SIGKILL"):
        supervisor.wait(60)
    assert time.monotonic() - before < 5


def test_a_part_that_died_without_a_word_is_told_so(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(part("victim", WAITS, tmp_path))
    os.kill(leader(supervisor, "victim").pid, signal.SIGKILL)
    with pytest.raises(PartFailedError, match=r"victim\.log holds nothing of this start\.$"):
        supervisor.wait(60)


def test_waiting_ends_in_time_where_nothing_dies(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(part("waits", WAITS, tmp_path))
    supervisor.wait(0.05)
    assert is_alive(leader(supervisor, "waits"))


def test_a_taken_port_is_named_with_who_holds_it(supervisor: Supervisor, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"port {port} .*server needs, is taken by process {os.getpid()} "):
            supervisor.start(part("server", WAITS, tmp_path, port=port))
    assert supervisor.identity("server") is None


def test_a_part_that_is_deaf_to_sigterm_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(part("deaf", IGNORES_SIGTERM, tmp_path, patience=0.3))
    wait_until(lambda: "deaf" in supervisor.log("deaf").read_text(), "it ignores SIGTERM")
    supervisor.stop("deaf")
    require_none_of(tmp_path, 0.1)


def test_a_grandchild_in_another_session_is_ended_too(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(part("family", LEAVES_A_GRANDCHILD, tmp_path))
    wait_until(lambda: "deaf" in supervisor.log("family").read_text(), "the grandchild runs")
    wait_until(lambda: len(processes_of(tmp_path)) == 2, "the one between has ended")
    supervisor.stop("family")
    require_none_of(tmp_path, 0.1)


def test_a_grandchild_is_ended_where_its_parent_has_crashed(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(part("family", LEAVES_A_GRANDCHILD, tmp_path))
    wait_until(lambda: "deaf" in supervisor.log("family").read_text(), "the grandchild runs")
    os.kill(leader(supervisor, "family").pid, signal.SIGKILL)
    with pytest.raises(PartFailedError):
        supervisor.wait(30)
    supervisor.close()
    require_none_of(tmp_path, 0.1)


def test_a_killed_part_can_be_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    again = part("again", WAITS, tmp_path)
    supervisor.start(again)
    first = leader(supervisor, "again")
    supervisor.kill("again")
    assert not is_alive(first)
    supervisor.start(again)
    supervisor.check()
    assert leader(supervisor, "again") != first


def test_a_part_that_died_is_told_and_can_be_launched_again(supervisor: Supervisor, tmp_path: Path) -> None:
    again = part("again", WAITS, tmp_path)
    supervisor.start(again, part("other", WAITS, tmp_path))
    first = leader(supervisor, "again")
    os.kill(first.pid, signal.SIGKILL)
    wait_until(lambda: supervisor.dead() == ["again"], "the death is known")
    supervisor.kill("again")
    supervisor.launch(again)
    assert supervisor.dead() == []
    assert leader(supervisor, "again") != first


def test_a_kill_does_not_wait_for_grandchildren_that_are_deaf(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(part("family", LEAVES_A_GRANDCHILD, tmp_path))
    wait_until(lambda: "deaf" in supervisor.log("family").read_text(), "the grandchild runs")
    before = time.monotonic()
    supervisor.kill("family")
    assert time.monotonic() - before < 1.5
    require_none_of(tmp_path, 0.1)


def test_parts_are_stopped_in_the_reverse_order_of_their_start(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    with Supervisor(tmp_path, lambda name, state, _detail: told.append((name, state))) as supervisor:
        for name in ("database", "user"):
            supervisor.start(part(name, WAITS, tmp_path))
        supervisor.kill("database")
        supervisor.start(part("database", WAITS, tmp_path))
        told.clear()
    assert [name for name, state in told if state == "stopped"] == ["user", "database"]


def test_two_supervisors_do_not_share_a_directory(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(DirectoryInUseError, match=rf"in use by another stack \(process {os.getpid()}\)"):
        Supervisor(tmp_path).__enter__()
    supervisor.start(part("unharmed", WAITS, tmp_path))
    supervisor.check()


def test_a_directory_is_free_again_after_its_supervisor(tmp_path: Path) -> None:
    for _ in range(2):
        with Supervisor(tmp_path) as supervisor:
            supervisor.start(part("waits", WAITS, tmp_path))


def test_a_stranger_with_the_pid_of_a_recorded_process_is_left_alone(tmp_path: Path) -> None:
    with python_process(f"print('up', flush=True); {WAITS}") as stranger:
        assert read_line(stranger) == "up"
        with Supervisor(tmp_path) as supervisor:
            supervisor.start(part("waits", WAITS, tmp_path))
            state = (tmp_path / "supervisor.json").read_text()
            recorded = leader(supervisor, "waits").pid
        (tmp_path / "supervisor.json").write_text(state.replace(f'"pid": {recorded}', f'"pid": {stranger.pid}'))
        with Supervisor(tmp_path):
            assert stranger.poll() is None
