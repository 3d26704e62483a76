"""Loopback ports: which are free, who holds a taken one, and whether a server answers.

Belongs here: looking. Does not belong here: starting servers or waiting for them (``supervisor``).
"""

import http.client
import random
import socket
from collections.abc import Mapping
from pathlib import Path

import psutil

from summary_pipeline.local.errors import PortTakenError

LOOPBACK = "127.0.0.1"
LASTING = range(20_000, 32_768)
"""Ports that Linux and macOS give to no outgoing connection: nobody gets one by chance while its server is down."""


def free_port() -> int:
    """Return a port of the loopback address that nobody holds now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def remembered_port(file: Path) -> int:
    """Return the port of the last start where it is still free, else a new one that lasts; remember it in ``file``."""
    if file.exists():
        port = int(file.read_text(encoding="ascii"))
        if is_free(port):
            return port
    port = next(filter(is_free, random.SystemRandom().sample(LASTING, len(LASTING))))
    file.write_text(str(port), encoding="ascii")
    return port


def is_free(port: int) -> bool:
    """Say whether a server could listen on ``port`` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def require_free(port: int, wanted_by: str) -> None:
    """Raise where ``port`` is taken.

    Raises:
        PortTakenError: naming the port, who wants it and, where the system tells, who holds it.
    """
    if is_free(port):
        return
    raise PortTakenError(
        f"port {port} on {LOOPBACK}, which {wanted_by} needs, is taken{_holder(port)}. "
        "Stop that program or choose another port."
    )


def accepts(port: int) -> bool:
    """Say whether something accepts connections on ``port``."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def answers_http(port: int, path: str, headers: Mapping[str, str] | None = None) -> bool:
    """Say whether ``GET path`` is answered with a status below 400."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr[1] == port
            if listens and connection.pid:
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        return ""
    return ""
