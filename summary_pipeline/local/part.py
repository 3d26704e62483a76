"""One supervised process: how it is started, known to be ready, and stopped.

Belongs here: the description, and starting it. Does not belong here: watching it (``supervisor``).
"""

import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from summary_pipeline.local.processes import MARK_VARIABLE
from summary_pipeline.local.unprivileged import AS_WE_ARE, RunAs

PartState = Literal["starting", "ready", "stopping", "stopped", "died"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """How one process is started, known to be ready, and stopped."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    """All of the process's environment; nothing is inherited."""
    is_ready: Callable[[], bool] = lambda: True
    ready_within_seconds: float = 60.0
    port: int | None = None
    """Checked to be free before the start, and shown to people."""
    stop_signal: signal.Signals = signal.SIGTERM
    patience_seconds: float = 10.0
    """Time to stop by itself before it is killed."""
    directory: Path | None = None
    """Working directory; None for ours."""
    run_as: RunAs = AS_WE_ARE
    """For a program that refuses root."""


def launch(part: Part, mark: str, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the process in a session of its own, so that a terminal's Ctrl-C does not reach it."""
    return subprocess.Popen(  # noqa: S603 - the commands are ours
        [*part.run_as.prefix, *_die_with_parent(part), *part.command],
        env={**part.environment, MARK_VARIABLE: mark},
        cwd=part.directory,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=part.run_as.user,
        group=part.run_as.group,
        extra_groups=None if part.run_as.user is None else [],
    )


def describe_exit(code: int) -> str:
    """Say in words how a process ended."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with status {code}"


def _die_with_parent(part: Part) -> list[str]:
    """Ask Linux to stop the process when this one is killed, so that not even SIGKILL leaves it until the next start.

    The kernel means the thread that starts it, so only the main thread's children are bound.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None or threading.current_thread() is not threading.main_thread():
        return []
    return [setpriv, "--pdeathsig", part.stop_signal.name.removeprefix("SIG"), "--"]
