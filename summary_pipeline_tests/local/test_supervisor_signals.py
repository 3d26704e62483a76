"""A supervisor that is signalled or killed: what becomes of its parts."""

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from summary_pipeline.local.errors import StopRequestedError
from summary_pipeline.local.part import Part
from summary_pipeline.local.processes import identify
from summary_pipeline.local.stop_signals import stop_on_signals
from summary_pipeline.local.supervisor import Supervisor
from summary_pipeline_tests.local.process_support import (
    processes_of,
    python_process,
    read_line,
    require_none_of,
    wait_until,
)
from summary_pipeline_tests.local.supervised_programs import IGNORES_SIGTERM, LEAVES_A_GRANDCHILD, WAITS

SUPERVISES = """
import sys
from pathlib import Path
from summary_pipeline.local.errors import StopRequestedError
from summary_pipeline.local.part import Part
from summary_pipeline.local.stop_signals import stop_on_signals
from summary_pipeline.local.supervisor import Supervisor

directory = Path(sys.argv[1])
supervisor = Supervisor(directory)
try:
    with stop_on_signals(supervisor), supervisor:
        for name, program in zip(sys.argv[2::2], sys.argv[3::2], strict=True):
            command = [sys.executable, "-c", program]
            supervisor.start(Part(name=name, command=command, environment={"OF": str(directory)}))
        print("up", flush=True)
        supervisor.wait()
except StopRequestedError as stop:
    print(stop, flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_supervisor_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    with python_process(SUPERVISES, str(tmp_path), "a", WAITS, "b", LEAVES_A_GRANDCHILD) as process:
        assert read_line(process) == "up"
        process.send_signal(number)
        assert process.wait(30) == 0
        assert read_line(process) == f"stopped by {number.name}"
    require_none_of(tmp_path, 0.1)


def test_a_second_signal_makes_a_patient_stop_hurry(tmp_path: Path) -> None:
    with python_process(SUPERVISES, str(tmp_path), "patient", IGNORES_SIGTERM) as process:
        assert read_line(process) == "up"
        log = tmp_path / "logs" / "patient.log"
        wait_until(lambda: "deaf" in log.read_text(), "it ignores signals")
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        wait_until(lambda: _hurries(process.pid, tmp_path), "a second signal is taken")
        process.wait(30)
        assert time.monotonic() - began < 8, "the part's patience is 10 s"
    require_none_of(tmp_path, 0.1)


def _hurries(pid: int, directory: Path) -> bool:
    """Signal again until the stop ends: when exactly closing begins cannot be seen from outside."""
    identity = identify(pid)
    if identity is not None:
        os.kill(pid, signal.SIGINT)
    return identity is None or not processes_of(directory)


def says_deaf(log: Path) -> bool:
    return "deaf" in log.read_text()


def test_the_next_supervisor_ends_what_a_killed_one_left_behind(tmp_path: Path) -> None:
    with python_process(SUPERVISES, str(tmp_path), "deaf", IGNORES_SIGTERM, "family", LEAVES_A_GRANDCHILD) as process:
        assert read_line(process) == "up"
        for name in ("deaf", "family"):
            wait_until(partial(says_deaf, tmp_path / "logs" / f"{name}.log"), "it ignores SIGTERM")
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert processes_of(tmp_path), "otherwise there is nothing to test"
    with Supervisor(tmp_path):
        require_none_of(tmp_path, 0.1)


def test_parts_that_listen_to_sigterm_end_with_a_killed_supervisor(tmp_path: Path) -> None:
    with python_process(SUPERVISES, str(tmp_path), "waits", WAITS) as process:
        assert read_line(process) == "up"
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    require_none_of(tmp_path)


def test_a_signal_while_starting_stops_what_was_started(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)

    def interrupted() -> bool:
        os.kill(os.getpid(), signal.SIGTERM)
        return False

    never_ready = Part(
        name="never",
        command=[sys.executable, "-c", WAITS],
        environment={"OF": str(tmp_path)},
        is_ready=interrupted,
    )
    with pytest.raises(StopRequestedError, match="SIGTERM"), stop_on_signals(supervisor), supervisor:
        supervisor.start(never_ready)
    require_none_of(tmp_path, 0.1)
