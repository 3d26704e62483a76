"""What a supervisor keeps on disk: its lock, the list of its processes, and a log for each part.

Belongs here: those files. Does not belong here: processes.
"""

import fcntl
import json
import os
import signal
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from summary_pipeline.local.errors import DirectoryInUseError

_LOG_LINES_SHOWN = 25
_START_LINE = "--- started "
_LOG_BYTES_KEPT = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A part's leading process, as the next supervisor has to know it."""

    name: str
    pid: int
    started: str
    stop_signal: signal.Signals


@dataclass(frozen=True, slots=True)
class StateRecord:
    """A supervisor's token and the processes it started, in that order."""

    token: str
    parts: tuple[ProcessRecord, ...]


class RunDirectory:
    """The files of a supervisor. They are its own from ``acquire`` to ``release``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None

    @property
    def is_acquired(self) -> bool:
        """Whether this process holds the directory."""
        return self._lock is not None

    def acquire(self) -> None:
        """Take the directory. The lock is the kernel's: it ends with the process, however that ends.

        Raises:
            DirectoryInUseError: another process holds it.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        file = (self.path / "supervisor.lock").open("a+", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise DirectoryInUseError(
                f"{self.path} is in use by another stack (process {holder}). "
                "Stop that one, or give this one another data directory."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._lock = file

    def release(self) -> None:
        """Give the directory back."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def read_state(self) -> StateRecord | None:
        """Return what the last supervisor wrote, None where there was none."""
        if not self._state.exists():
            return None
        state = json.loads(self._state.read_text(encoding="utf-8"))
        parts = [
            ProcessRecord(**{**part, "stop_signal": signal.Signals(part["stop_signal"])}) for part in state["parts"]
        ]
        return StateRecord(state["token"], tuple(parts))

    def write_state(self, token: str, parts: Sequence[ProcessRecord]) -> None:
        """Written whole and renamed, so that a kill in between leaves a readable file."""
        new = self._state.with_suffix(".new")
        new.write_text(json.dumps(asdict(StateRecord(token, tuple(parts))), indent=2), encoding="utf-8")
        new.replace(self._state)

    def log(self, name: str) -> Path:
        """Return the log file of a part."""
        return self._logs / f"{name}.log"

    def open_log(self, name: str) -> IO[bytes]:
        """Return the log file for a process to append to; one that has grown large is put aside first."""
        path = self.log(name)
        if path.exists() and path.stat().st_size > _LOG_BYTES_KEPT:
            path.replace(path.with_suffix(".log.1"))
        log = path.open("ab")
        log.write(f"{_START_LINE}{datetime.now(UTC).isoformat(timespec='seconds')}\n".encode())
        log.flush()
        return log

    def end_of_log(self, name: str) -> str:
        """Return the last lines of a log since the last start, for an error message."""
        path = self.log(name)
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        # What an earlier start has written is not why this one failed.
        lines = text.rpartition(_START_LINE)[2].splitlines()[1:]
        if not lines:
            return f"{path} holds nothing of this start."
        shown = "\n".join(f"  {line}" for line in lines[-_LOG_LINES_SHOWN:])
        return f"The end of {path}:\n{shown}"

    @property
    def _logs(self) -> Path:
        return self.path / "logs"

    @property
    def _state(self) -> Path:
        return self.path / "supervisor.json"
