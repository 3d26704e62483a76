"""A way to a real server that can be cut: to its clients, the server is then out of reach; to others it is not.

Belongs here: TCP. Does not belong here: any protocol above it.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator

from summary_pipeline.local.ports import LOOPBACK

_ACCEPT_SECONDS = 0.1
_BYTES = 65536


class Gateway:
    """Forwards connections to ``port`` of this machine, from a port of its own that it keeps. Closed at first."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._open = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        with socket.create_server((LOOPBACK, 0)) as probe:
            self.port: int = probe.getsockname()[1]

    def open(self) -> None:
        """Let clients through."""
        self._listener = socket.create_server((LOOPBACK, self.port))
        self._listener.settimeout(_ACCEPT_SECONDS)
        self._open.set()
        self._thread = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Refuse new connections and end those that are open, as a server does that was killed."""
        self._open.clear()
        if self._listener is not None and self._thread is not None:
            # A port is free again once nobody waits on its socket any more.
            self._thread.join()
            self._listener.close()
            self._listener = None
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for one in sockets:
            # Wakes the thread that reads from it; only closing it would not.
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self, listener: socket.socket) -> None:
        while self._open.is_set():
            try:
                client, _address = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            server = socket.create_connection((LOOPBACK, self._target))
            with self._lock:
                self._sockets |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=_forward, args=(source, sink), daemon=True).start()


def _forward(source: socket.socket, sink: socket.socket) -> None:
    # Either end may be gone at any moment: that is what this is for.
    with contextlib.suppress(OSError):
        while data := source.recv(_BYTES):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def gateway(port: int) -> Iterator[Gateway]:
    """Yield a gateway, closed, and end it."""
    found = Gateway(port)
    try:
        yield found
    finally:
        found.close()
