"""What the embedded servers have in common: a data directory, a loopback port, and one supervised process.

Belongs here: the interface, and running a server alone. Does not belong here: any server.
"""

import contextlib
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from summary_pipeline.local import ports
from summary_pipeline.local.errors import StackError
from summary_pipeline.local.part import Part
from summary_pipeline.local.processes import ProcessIdentity
from summary_pipeline.local.supervisor import Supervisor


class EmbeddedServer(ABC):
    """A server on ``data_dir``: run it alone with ``start`` and ``stop``, or give ``part()`` to a supervisor.

    The second way is ``prepare()``, ``supervisor.start(server.part())``, ``complete()``.
    Without ``port`` the server takes a free one, and the same one again at the next start while it stays free.
    """

    host = ports.LOOPBACK

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self._wanted_port = port
        self._port: int | None = None
        self._supervisor: Supervisor | None = None

    @property
    def port(self) -> int:
        """The server's port, once prepared."""
        if self._port is None:
            raise StackError(f"{type(self).__name__} has not been prepared")
        return self._port

    @property
    def address(self) -> str:
        """``host:port``, once prepared."""
        return f"{self.host}:{self.port}"

    def prepare(self) -> None:
        """Do what comes before the process: the data directory, the port, and what ``_create`` adds."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._create()
        self._port = self._wanted_port or ports.remembered_port(self.data_dir / "port")

    def complete(self) -> None:  # noqa: B027 - most servers need nothing more
        """Do what needs the server to run; safe to repeat."""

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """Return the variables that production sets for such a server, once prepared."""

    @abstractmethod
    def part(self) -> Part:
        """Return the server's process, once prepared."""

    def start(self) -> Self:
        """Start the server by itself.

        Raises:
            PortTakenError: the port is held by another program.
            DirectoryInUseError: another process runs a server on ``data_dir``.
            PartFailedError: the server does not start.
        """
        with contextlib.ExitStack() as undo:
            supervisor = undo.enter_context(Supervisor(self.data_dir / "supervisor"))
            self.prepare()
            supervisor.start(self.part())
            self.complete()
            undo.pop_all()
        self._supervisor = supervisor
        return self

    def stop(self) -> None:
        """Stop the server that ``start`` started."""
        if self._supervisor is not None:
            self._supervisor.close()
            self._supervisor = None

    def process(self) -> ProcessIdentity | None:
        """Return the process that ``start`` started, or None where it does not run."""
        return self._supervisor.identity(self.part().name) if self._supervisor is not None else None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _create(self) -> None:  # noqa: B027 - a server without data has nothing to create
        """Create or repair what is in the data directory."""
