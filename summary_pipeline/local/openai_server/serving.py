"""Listening: the application behind uvicorn, in this process or in a thread of a test.

Belongs here: sockets, threads, connections. Does not belong here: what is answered (``app``).
"""

import asyncio
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from summary_pipeline.local.openai_server import vocabulary
from summary_pipeline.local.openai_server.app import DROP_CONNECTION, create_app
from summary_pipeline.local.openai_server.configuration import Behaviour, ServerConfig

_START_SECONDS = 30
_STOP_SECONDS = 10
_GRACE_SECONDS = 2
"""For calls under way when the server is told to stop; those that hang on demand are cut off."""
_KEEP_ALIVE_SECONDS = 120
"""Longer than a client's pause between calls, so that no call meets a connection that is just being closed."""

Transports = MutableMapping[Any, asyncio.Transport]


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that listens, and its control endpoints."""

    port: int

    @property
    def base_url(self) -> str:
        """What an OpenAI client takes as its base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def behave(self, behaviour: Behaviour) -> None:
        """Replace latency, limits and faults."""
        self._control("POST", "behaviour", behaviour.model_dump_json().encode())

    def statistics(self) -> dict[str, Any]:
        """Return the counts since the start or the last reset."""
        return self._control("GET", "stats")

    def reset_statistics(self) -> None:
        """Start counting anew."""
        self._control("DELETE", "stats")

    def _control(self, method: str, name: str, body: bytes | None = None) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/_control/{name}"
        request = urllib.request.Request(url, data=body, method=method)
        with urllib.request.urlopen(request, timeout=_STOP_SECONDS) as response:  # noqa: S310 - the same
            return cast("dict[str, Any]", json.load(response))


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens on ``host``; ``port`` 0 means any free one.

    Raises:
        OSError: the port is taken or the host is none of this machine's.
    """
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def make_server(config: ServerConfig, *, log_level: str = "warning") -> uvicorn.Server:
    """Return a uvicorn server for a new application; run it with ``server.run(sockets=[...])``.

    Loads the vocabulary first, which takes longer than answering: no call shall wait for it.
    """
    vocabulary.count_tokens("")
    transports: Transports = {}

    class Protocol(H11Protocol):
        """Remembers each connection, so that a fault can close it."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            super().connection_made(transport)
            transports[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            transports.pop(self.client, None)
            super().connection_lost(exc)

    return uvicorn.Server(
        uvicorn.Config(
            _with_transports(create_app(config), transports),
            http=Protocol,
            lifespan="off",
            log_level=log_level,
            access_log=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        )
    )


@contextmanager
def running_server(config: ServerConfig | None = None) -> Iterator[RunningServer]:
    """Run a server in a thread, on a free port of the loopback address, for as long as the context lasts."""
    server = make_server(config or ServerConfig())
    with listening_socket("127.0.0.1", 0) as listener:
        port = int(listener.getsockname()[1])
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name=f"openai-server-{port}")
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield RunningServer(port)
        finally:
            server.should_exit = True
            thread.join(_STOP_SECONDS)
            if thread.is_alive():
                raise RuntimeError(f"the server on port {port} did not stop within {_STOP_SECONDS} s")


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the server did not start; its log says why")
        thread.join(0.005)


def _with_transports(app: ASGIApp, transports: Transports) -> ASGIApp:
    async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
        transport = transports.get(scope.get("client"))
        if transport is not None:
            scope[DROP_CONNECTION] = transport.abort
        await app(scope, receive, send)

    return with_transport
