import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import openai
import pytest

pytestmark = pytest.mark.servers

MODULE = "summary_pipeline.local.openai_server"


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", MODULE, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            listening = re.match(r"listening on (http://127\.0\.0\.1:\d+/v1)$", process.stdout.readline())
            assert listening is not None
            yield process, listening[1]
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_comes_and_ends_with_status_0(number: signal.Signals) -> None:
    with started("--port", "0") as (process, url):
        with openai.OpenAI(base_url=url, api_key="any") as client:
            assert [model.id for model in client.models.list()] == ["extractive-offline"]
        process.send_signal(number)
        assert process.wait(20) == 0


def test_a_call_that_hangs_does_not_keep_it_from_ending() -> None:
    with started() as (process, url), openai.OpenAI(base_url=url, api_key="any", max_retries=0) as client:
        control = url.replace("/v1", "/_control")
        urllib.request.urlopen(f"{control}/behaviour", data=b'{"faults": [{"kind": "hang"}]}', timeout=10)  # noqa: S310 - loopback
        with ThreadPoolExecutor() as threads:
            call = threads.submit(
                lambda: client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])
            )
            while b'"in_flight":1' not in urllib.request.urlopen(f"{control}/stats", timeout=10).read():  # noqa: S310 - loopback
                assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            assert isinstance(call.exception(20), openai.APIError)


def test_options_set_limits_and_latency() -> None:
    options = ("--requests-per-minute", "6", "--rate-window", "10", "--latency", "0.1")
    with started(*options) as (_, url), openai.OpenAI(base_url=url, api_key="any", max_retries=0) as client:
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])
        with pytest.raises(openai.RateLimitError):
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        command = [sys.executable, "-m", MODULE, "--port", str(port)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert f"can't listen on 127.0.0.1:{port}" in ended.stderr
