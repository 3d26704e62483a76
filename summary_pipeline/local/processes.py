"""Finding and ending whole process trees, also the ones that a killed supervisor left behind.

Belongs here: who a process is, which processes belong to a part, and how all of them are ended.
Does not belong here: starting anything, or what the parts are (``supervisor``, ``stack``).

A process is known by its pid and its start time, never by its name. Descendants that outlive their parent are found by
a variable in their environment that holds a random token of the stack that started them.
"""

import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

MARK_VARIABLE = "SUMMARY_STACK_PART"

_POLL_SECONDS = 0.05
_GRACE_FOR_ORPHANS_SECONDS = 2.0
_GRACE_AFTER_KILL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process and no other that may get its pid later."""

    pid: int
    started: str


def identify(pid: int) -> ProcessIdentity | None:
    """Return who runs under ``pid``, or None where nobody does (a zombie counts as nobody)."""
    started = _start_on_linux(pid) if Path("/proc/self/stat").exists() else _start_elsewhere(pid)
    return None if started is None else ProcessIdentity(pid, started)


def is_alive(process: ProcessIdentity) -> bool:
    """Say whether exactly this process still runs."""
    return identify(process.pid) == process


def find_members(leader: ProcessIdentity | None, mark: str) -> set[ProcessIdentity]:
    """Return ``leader``, its descendants and every process whose mark is ``mark`` or lies under it."""
    pids = set()
    if leader is not None and is_alive(leader):
        pids.add(leader.pid)
        pids.update(_descendants(leader.pid))
    pids.update(process.pid for process in psutil.process_iter() if _is_marked(process, mark))
    pids.discard(os.getpid())
    return {identity for identity in map(identify, pids) if identity is not None}


def end_tree(
    leader: ProcessIdentity | None,
    mark: str,
    *,
    stop_signal: signal.Signals = signal.SIGTERM,
    patience_seconds: float = 10.0,
    hurry: Callable[[], bool] = lambda: False,
) -> set[ProcessIdentity]:
    """End a part with everything below it: ask the leader, then the others, then kill. Return what still runs.

    ``hurry`` is asked while waiting; once it says yes, nobody is waited for any longer.
    """
    seen = find_members(leader, mark)
    if leader is not None:
        send_signal(leader, stop_signal)
        _await_end({leader}, patience_seconds, hurry)
    seen |= find_members(leader, mark)
    orphans = alive(seen - ({leader} if leader else set()))
    for orphan in orphans:
        send_signal(orphan, signal.SIGTERM)
    _await_end(orphans, _GRACE_FOR_ORPHANS_SECONDS, hurry)
    deadline = time.monotonic() + _GRACE_AFTER_KILL_SECONDS
    while (remaining := alive(seen | find_members(leader, mark))) and time.monotonic() < deadline:
        for process in remaining:
            send_signal(process, signal.SIGKILL)
        _await_end(remaining, 1.0, lambda: False)
    return remaining


def alive(processes: Iterable[ProcessIdentity]) -> set[ProcessIdentity]:
    """Return those that still run."""
    return {process for process in processes if is_alive(process)}


def send_signal(process: ProcessIdentity, number: signal.Signals) -> None:
    """Signal exactly this process; do nothing where it has gone."""
    if is_alive(process):
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return


def _await_end(processes: set[ProcessIdentity], seconds: float, hurry: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while alive(processes) and time.monotonic() < deadline and not hurry():
        time.sleep(_POLL_SECONDS)


def _descendants(pid: int) -> set[int]:
    try:
        return {child.pid for child in psutil.Process(pid).children(recursive=True)}
    except psutil.Error:
        return set()


def _is_marked(process: psutil.Process, mark: str) -> bool:
    try:
        found = process.environ().get(MARK_VARIABLE)
    except (psutil.Error, OSError):
        return False
    return found is not None and (found == mark or found.startswith(f"{mark}/"))


def _start_on_linux(pid: int) -> str | None:
    """Ticks since boot, and which boot: unlike a wall-clock time they do not move when the clock is set."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    state, ticks = fields[0], fields[19]
    if state in ("Z", "X"):
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot}/{ticks}"


def _start_elsewhere(pid: int) -> str | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.Error:
        return None
