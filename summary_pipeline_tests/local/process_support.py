"""Watching processes from outside, without the code that is tested."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)


def processes_of(directory: Path) -> list[int]:
    """Return the pids of processes that name ``directory`` in their command or environment, or work in it."""
    return [
        process.pid for process in psutil.process_iter() if process.pid != os.getpid() and _names(process, directory)
    ]


def require_none_of(directory: Path, seconds: float = 30) -> None:
    wait_until(lambda: not processes_of(directory), f"processes of {directory} are gone", seconds)


@contextlib.contextmanager
def python_process(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program text in a fresh interpreter; it is killed at the end where it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def listening_addresses(pids: set[int]) -> set[str]:
    """Return the addresses on which processes listen, without ports."""
    return {
        connection.laddr[0]
        for connection in psutil.net_connections("tcp")
        if connection.pid in pids and connection.status == psutil.CONN_LISTEN and connection.laddr
    }


def _names(process: psutil.Process, directory: Path) -> bool:
    text = str(directory)
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        seen = [*process.cmdline(), *process.environ().values(), process.cwd()]
    except psutil.Error:
        return False
    return any(text in value for value in seen)
