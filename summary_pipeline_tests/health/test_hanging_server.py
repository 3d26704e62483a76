"""Health while a server takes connections and answers nothing: a real socket, and the real client of S3."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from summary_pipeline.health import app as health_app
from summary_pipeline.health.app import CHECK_SECONDS, Check, create_app
from summary_pipeline.local.ports import LOOPBACK, free_port
from summary_pipeline.resources.connections import open_object_store
from summary_pipeline.settings import load_settings
from summary_pipeline_tests.waiting import eventually

MORE_THAN_AN_EXECUTOR_HAS_THREADS = 40
KEPT_VARIABLES = ("PATH", "HOME", "PYTHONPATH", "TMPDIR")


class SilentServer:
    """Takes connections and answers nothing."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._listener.settimeout(0)
        self._connections: list[socket.socket] = []
        self.port: int = listener.getsockname()[1]

    def requests(self) -> list[bytes]:
        """Return the beginning of what each connection has sent so far."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._connections.append(self._listener.accept()[0])
        return [_beginning(connection) for connection in self._connections]

    def close(self) -> None:
        for connection in self._connections:
            connection.close()


def _beginning(connection: socket.socket) -> bytes:
    try:
        return connection.recv(100, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return b""


@pytest.fixture
def silent() -> Iterator[SilentServer]:
    with (
        socket.create_server((LOOPBACK, 0), backlog=200) as listener,
        contextlib.closing(SilentServer(listener)) as server,
    ):
        yield server


def environment(silent: SilentServer) -> dict[str, str]:
    """Return settings by which every server is the silent one."""
    port = str(silent.port)
    return {
        "DB_HOST": LOOPBACK,
        "DB_PORT": port,
        "DB_NAME": "platform",
        "PG_USER": "us",
        "PG_PASSWORD": "secret",
        "KAFKA_BROKERS": f"{LOOPBACK}:{port}",
        "AWS_S3_ENDPOINT": f"http://{LOOPBACK}:{port}",
        "AWS_YOUTUBE_BUCKET": "videos",
        "AWS_ACCESS_KEY_ID": "us",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "OPENAI_API_KEY": "secret",
    }


def answering() -> None:
    """A dependency that is there."""


def client_of(**checks: Check) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=create_app(checks)), base_url="http://health")


async def silent_dependencies(client: httpx.AsyncClient) -> list[str]:
    report = (await client.get("/api/v1/health/ready")).json()["dependencies"]
    return [name for name, result in report.items() if "no answer" in result.get("message", "")]


async def test_only_the_server_that_hangs_is_named_however_often_one_asks(
    silent: SilentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_app, "CHECK_SECONDS", 1.0)
    bucket = open_object_store(load_settings(environment(silent)).platform)
    async with client_of(postgresql=answering, kafka=answering, s3=bucket.require_bucket) as client:
        for _ in range(2):
            probes = (silent_dependencies(client) for _ in range(MORE_THAN_AN_EXECUTOR_HAS_THREADS))
            assert set(map(tuple, await asyncio.gather(*probes))) == {("s3",)}
    assert len(silent.requests()) == 1


async def test_a_server_that_hung_is_asked_anew_once_its_call_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_app, "CHECK_SECONDS", 0.2)
    released = threading.Event()
    calls: list[bool] = []

    def hanging_at_first() -> None:
        calls.append(released.wait(30))

    async with client_of(s3=hanging_at_first) as client:
        assert await silent_dependencies(client) == ["s3"]
        assert await silent_dependencies(client) == ["s3"]
        released.set()
        async with asyncio.timeout(30):
            while await silent_dependencies(client):
                pass
        before = len(calls)
        assert before in {1, 2}  # The last probe shared the first call, or made the second one.
        assert await silent_dependencies(client) == []
    assert len(calls) == before + 1


@pytest.mark.servers
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_service_ends_at_once_although_its_calls_hang(
    number: signal.Signals, silent: SilentServer, tmp_path: Path
) -> None:
    port = free_port()
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "summary_pipeline.cli", "health"],
        cwd=tmp_path,
        env={**kept, **environment(silent), "PORT": str(port), "HEALTH_HOST": LOOPBACK},
    )
    try:
        url = f"http://{LOOPBACK}:{port}/api/v1/health"
        eventually(lambda: lives(url), "the service lives")
        probe = threading.Thread(target=ask, args=(url,), daemon=True)
        probe.start()
        eventually(lambda: any(sent.startswith(b"HEAD") for sent in silent.requests()), "S3 was asked")
        process.send_signal(number)
        # Before the probe has its answer, and long before S3's client gives up. The status is the signal's unless
        # whoever started this process ignores that.
        assert process.wait(CHECK_SECONDS / 2) in {0, -number}
        probe.join(10)
    finally:
        process.kill()
        process.wait(30)


def lives(url: str) -> bool:
    try:
        return httpx.get(f"{url}/live").is_success
    except httpx.TransportError:
        return False


def ask(url: str) -> None:
    with contextlib.suppress(httpx.TransportError):
        httpx.get(url, timeout=60)
