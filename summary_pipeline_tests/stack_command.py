"""``summary-pipeline dev`` and ``demo`` as people run them: a process of its own, with or without a terminal."""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from summary_pipeline.local import ports
from summary_pipeline_tests.waiting import eventually

UP = "Ctrl-C stops everything."
"""What the command says once all of the stack is up."""

# Of this process's environment, so that what a developer's shell names (KAFKA_BROKERS ...) is not used in place of the
# embedded parts.
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "PYTHONPATH", "TMPDIR")
_START_SECONDS = 240
_STOP_SECONDS = 120
_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class StackCommand:
    """One process of the command line.

    Args:
        arguments: What follows ``summary-pipeline``.
        data_dir: Where the stack keeps its data.
        environment: Variables beside those that make it find ``data_dir`` and a free port.
        terminal: Whether it writes to a terminal, where ``demo`` stays until Ctrl-C.
    """

    def __init__(
        self, *arguments: str, data_dir: Path, environment: Mapping[str, str] | None = None, terminal: bool = False
    ) -> None:
        self.data_dir = data_dir
        self.ui_url = ""
        self._arguments = arguments
        self._environment = environment or {}
        self._terminal = terminal
        self._process: subprocess.Popen[bytes] | None = None
        self._written = bytearray()
        self._reader = threading.Thread()

    @property
    def output(self) -> str:
        """What it has written since it was started, without the codes that move a terminal's cursor."""
        return _TERMINAL_CODES.sub("", self._written.decode(errors="replace")).replace("\r\n", "\n")

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the running stack, from the file that it leaves for shells."""
        words = shlex.split((self.data_dir / "environment.sh").read_text(encoding="utf-8"), comments=True)
        return dict(word.split("=", 1) for word in words if word != "export")

    def start(self) -> None:
        """Start it, on a free port for the UI."""
        port = ports.free_port()
        self.ui_url = f"http://{ports.LOOPBACK}:{port}"
        self._written.clear()
        reading, writing = os.openpty() if self._terminal else os.pipe()
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        own = {"SUMMARY_DATA_DIR": str(self.data_dir), "SUMMARY_UI_PORT": str(port), "COLUMNS": "180", "TERM": "xterm"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "summary_pipeline.cli", *self._arguments],
            # Not the repository, where a developer may have a .env.
            cwd=self.data_dir.parent,
            env={**kept, **own, **self._environment},
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            start_new_session=True,
        )
        os.close(writing)
        self._reader = threading.Thread(target=self._read, args=(reading,), daemon=True)
        self._reader.start()

    def check(self) -> None:
        """Fail where the process has ended, with the end of what it wrote."""
        assert self._process is not None
        code = self._process.poll()
        assert code is None, f"{' '.join(self._arguments)} ended with status {code}: ...{self.output[-3000:]}"

    def wait_until_up(self) -> None:
        """Wait until it says that everything is up."""
        eventually(
            lambda: self.output[-3000:], UP, until=lambda seen: UP in seen, seconds=_START_SECONDS, check=self.check
        )

    def wait(self, seconds: float = _START_SECONDS) -> int:
        """Wait until it ends by itself; return its exit status."""
        assert self._process is not None
        code = self._process.wait(seconds)
        self._reader.join(10)
        return code

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal it as a person or a service manager would; return its exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        return self.wait(_STOP_SECONDS)

    def kill(self) -> None:
        """End it where it still runs, whatever became of it."""
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.stop()
                return
            self._process.kill()
            self._process.wait(30)

    def _read(self, descriptor: int) -> None:
        # A terminal's reading end gives an error, not an end of file, once nobody writes any more.
        with contextlib.suppress(OSError):
            while data := os.read(descriptor, 65536):
                self._written += data
        os.close(descriptor)


@contextlib.contextmanager
def running(
    *arguments: str, environment: Mapping[str, str] | None = None, terminal: bool = False
) -> Iterator[StackCommand]:
    """Run a command that keeps the stack up, on a new data directory, from when it is up until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="summary-pipeline-stack-", ignore_cleanup_errors=True) as directory:
        command = StackCommand(
            *arguments, data_dir=Path(directory) / "data", environment=environment, terminal=terminal
        )
        try:
            command.start()
            command.wait_until_up()
            yield command
        finally:
            command.kill()
