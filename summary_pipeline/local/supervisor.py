"""Starts named child processes, watches them and ends them with everything below them.

Belongs here: the life of processes. Does not belong here: which ones there are and how they are told apart (``stack``).

What it promises: a part that dies is noticed at once and named with the end of its log; no process is left behind after
``close``; and where the supervisor itself was killed, the next one on the same directory ends what is left over.
"""

import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from summary_pipeline.local import ports
from summary_pipeline.local.errors import PartFailedError, StackError
from summary_pipeline.local.part import Part, PartState, describe_exit, launch
from summary_pipeline.local.processes import ProcessIdentity, end_tree, find_members, identify, send_signal
from summary_pipeline.local.run_directory import ProcessRecord, RunDirectory

_POLL_SECONDS = 0.05
_LEFTOVER_PATIENCE_SECONDS = 5.0


@dataclass(slots=True)
class _Running:
    part: Part
    process: subprocess.Popen[bytes]
    identity: ProcessIdentity | None
    mark: str
    stopping: bool = False
    exit_code: int | None = None

    @property
    def has_died(self) -> bool:
        return self.exit_code is not None and not self.stopping


class Supervisor:
    """Owns the processes of one directory. Use it as a context manager.

    Args:
        directory: Where lock, list of processes and logs are kept.
        report: Told of each part's state: name, state, detail. Called from several threads.
    """

    def __init__(
        self,
        directory: Path,
        report: Callable[[str, PartState, str], None] = lambda _name, _state, _detail: None,
    ) -> None:
        self._files = RunDirectory(directory)
        self._report = report
        self._token = uuid.uuid4().hex
        self._running: dict[str, _Running] = {}
        self._batches: list[list[str]] = []
        self._changed = threading.Condition()
        self._closing = False
        self._hurry = threading.Event()

    def __enter__(self) -> Self:
        """Take the directory and end what a killed supervisor left in it.

        Raises:
            DirectoryInUseError: another supervisor has it.
            StackError: something left over cannot be ended.
        """
        self._files.acquire()
        try:
            self._end_leftovers()
            self._write_state()
        except BaseException:
            self._files.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def start(self, *parts: Part) -> None:
        """Start parts side by side and return when all are ready.

        Raises:
            PortTakenError: another program holds a port that a part needs.
            PartFailedError: a part died or was not ready in time; the message ends with the end of its log.
        """
        self.launch(*parts)
        self._await_ready(parts)

    def launch(self, *parts: Part) -> None:
        """Start parts and return at once, as a service manager does with what has crashed.

        Raises:
            PortTakenError: another program holds a port that a part needs.
        """
        for part in parts:
            if part.name in self._running:
                raise StackError(f"{part.name} already runs")
            if part.port is not None:
                ports.require_free(part.port, part.name)
        # A part that was killed and is started again keeps its place in the order of stopping.
        known = {name for batch in self._batches for name in batch}
        self._batches.append([part.name for part in parts if part.name not in known])
        for part in parts:
            self._launch(part)

    def check(self) -> None:
        """Raise where a part has died.

        Raises:
            PartFailedError: naming the part, how it ended and the end of its log.
        """
        for running in list(self._running.values()):
            if running.has_died and running.exit_code is not None:
                end = describe_exit(running.exit_code)
                self._report(running.part.name, "died", end)
                raise PartFailedError(f"{running.part.name} {end}. {self._files.end_of_log(running.part.name)}")

    def wait(self, seconds: float | None = None) -> None:
        """Wait until a part dies, or for ``seconds``.

        Raises:
            PartFailedError: a part has died.
        """
        with self._changed:
            self._changed.wait_for(lambda: any(r.has_died for r in list(self._running.values())), seconds)
        self.check()

    def dead(self) -> list[str]:
        """Return the names of the parts that have died by themselves, as ``check`` would report them."""
        return [name for name, running in list(self._running.items()) if running.has_died]

    def identity(self, name: str) -> ProcessIdentity | None:
        """Return the leading process of a part, or None where it does not run."""
        running = self._running.get(name)
        return running.identity if running else None

    def members(self, name: str) -> set[ProcessIdentity]:
        """Return all processes of a part."""
        running = self._running[name]
        return find_members(running.identity, running.mark)

    def log(self, name: str) -> Path:
        """Return the log file of a part."""
        return self._files.log(name)

    def interrupt(self) -> bool:
        """Let a ``close`` that is under way kill what it would wait for; say whether one is."""
        if self._closing:
            self._hurry.set()
        return self._closing

    def kill(self, name: str) -> None:
        """End a part as a crash would, with SIGKILL for everything below it, without taking it for a failure."""
        running = self._running.pop(name)
        running.stopping = True
        # All at once: what outlived its parent for a moment could still do what a crashed machine does not.
        for process in find_members(running.identity, running.mark):
            send_signal(process, signal.SIGKILL)
        end_tree(running.identity, running.mark, stop_signal=signal.SIGKILL)
        self._write_state()

    def stop(self, *names: str) -> None:
        """Stop parts side by side, with everything below them.

        Raises:
            StackError: a process could not be ended.
        """
        stopped = [self._running[name] for name in names if name in self._running]
        if not stopped:
            return
        for running in stopped:
            running.stopping = True
        with ThreadPoolExecutor(len(stopped)) as pool:
            leftovers = set().union(*pool.map(self._end, stopped))
        for running in stopped:
            del self._running[running.part.name]
        self._write_state()
        _require_none(leftovers)

    def close(self) -> None:
        """Stop all parts, those started last first, and give the directory back.

        Raises:
            StackError: a process could not be ended.
        """
        if not self._files.is_acquired:
            return
        self._closing = True
        try:
            while self._batches:
                self.stop(*self._batches.pop())
            # Whatever an exception between start and registration let slip.
            _require_none(end_tree(None, self._token))
        finally:
            self._files.release()
            self._closing = False

    def _end_leftovers(self) -> None:
        state = self._files.read_state()
        if state is None:
            return
        # Nobody serves anybody any more, so their order does not matter.
        if state.parts:
            with ThreadPoolExecutor(len(state.parts)) as pool:
                list(pool.map(lambda record: self._end_leftover(state.token, record), state.parts))
        _require_none(end_tree(None, state.token))

    def _end_leftover(self, token: str, record: ProcessRecord) -> None:
        leader = ProcessIdentity(record.pid, record.started)
        mark = f"{token}/{record.name}"
        if find_members(leader, mark):
            self._report(record.name, "stopping", "left over from a stack that was killed")
            end_tree(leader, mark, stop_signal=record.stop_signal, patience_seconds=_LEFTOVER_PATIENCE_SECONDS)

    def _write_state(self) -> None:
        records = [
            ProcessRecord(running.part.name, running.identity.pid, running.identity.started, running.part.stop_signal)
            for running in self._running.values()
            if running.identity is not None
        ]
        self._files.write_state(self._token, records)

    def _launch(self, part: Part) -> None:
        self._report(part.name, "starting", "")
        mark = f"{self._token}/{part.name}"
        with self._files.open_log(part.name) as log:
            process = launch(part, mark, log)
        running = _Running(part, process, identify(process.pid), mark)
        self._running[part.name] = running
        self._write_state()
        threading.Thread(target=self._await_end, args=(running,), name=f"await-{part.name}", daemon=True).start()

    def _await_end(self, running: _Running) -> None:
        code = running.process.wait()
        with self._changed:
            running.exit_code = code
            self._changed.notify_all()

    def _await_ready(self, parts: tuple[Part, ...]) -> None:
        started = time.monotonic()
        waiting = list(parts)
        while waiting:
            self.wait(_POLL_SECONDS)
            for part in list(waiting):
                seconds = time.monotonic() - started
                if part.is_ready():
                    waiting.remove(part)
                    where = f"port {part.port}, " if part.port is not None else ""
                    self._report(part.name, "ready", f"{where}{seconds:.1f} s")
                elif seconds > part.ready_within_seconds:
                    late = f"was not ready within {part.ready_within_seconds:g} s"
                    raise PartFailedError(f"{part.name} {late}. {self._files.end_of_log(part.name)}")

    def _end(self, running: _Running) -> set[ProcessIdentity]:
        died = running.exit_code is not None
        if not died:
            self._report(running.part.name, "stopping", "")
        leftovers = end_tree(
            running.identity,
            running.mark,
            stop_signal=running.part.stop_signal,
            patience_seconds=running.part.patience_seconds,
            hurry=self._hurry.is_set,
        )
        if not died:
            self._report(running.part.name, "stopped", "")
        return leftovers


def _require_none(leftovers: set[ProcessIdentity]) -> None:
    if leftovers:
        pids = ", ".join(str(process.pid) for process in sorted(leftovers, key=lambda process: process.pid))
        raise StackError(f"processes that cannot be ended: {pids}")
