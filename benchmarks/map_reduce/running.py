"""Runs contestants against the simulated model, one after the other.

Belongs here: processes and the exchange with them. Does not belong here: what they do, and the arithmetic on the log.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from benchmarks.map_reduce.contestant import Finish, Job
from benchmarks.map_reduce.measuring import LoggedCall, Measurement, evaluate
from benchmarks.map_reduce.scenarios import Scenario
from summary_pipeline.local.openai_server.configuration import Behaviour
from summary_pipeline.local.ports import free_port

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 60


class GaveUpError(Exception):
    """A contestant ended before it had summarized everything. The message says why."""


@dataclass(frozen=True)
class Contestant:
    """A module with the summarizer, and the interpreter that has what it needs."""

    name: str
    module: str
    python: str = sys.executable
    variables: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    only_under_limits: bool = False


class SimulatedModel:
    """The server's process, seen from outside."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self._root = f"http://127.0.0.1:{port}"

    def behave(self, behaviour: Behaviour) -> None:
        """Set latency and limits, with full buckets."""
        self._ask("POST", "/_control/behaviour", behaviour.model_dump_json().encode())

    def forget_calls(self) -> None:
        """Empty the log."""
        self._ask("DELETE", "/_calls")

    def calls(self) -> list[LoggedCall]:
        """Return the log."""
        return [LoggedCall(**call) for call in self._ask("GET", "/_calls")]

    def is_up(self) -> bool:
        """Say whether it answers."""
        try:
            self._ask("GET", "/_control/stats")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Any:  # noqa: ANN401 - JSON of either form
        request = urllib.request.Request(self._root + path, data=body, method=method)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - loopback
            return json.load(response)


@contextlib.contextmanager
def simulated_model() -> Iterator[SimulatedModel]:
    """Run the simulated model in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.map_reduce.simulated_model", str(port)]
    process = subprocess.Popen(command, cwd=REPOSITORY)  # noqa: S603 - our own program
    model = SimulatedModel(port)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not model.is_up():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the simulated model did not start; what it wrote stands above")
            time.sleep(0.05)
        yield model
    finally:
        process.terminate()
        process.wait()


def measure(
    contestant: Contestant, scenario: Scenario, model: SimulatedModel, texts: list[Path], transcript_tokens: int
) -> Measurement:
    """Let ``contestant`` summarize the texts, and return how it did.

    Raises:
        GaveUpError: it ended without having summarized them.
    """
    job = Job(
        base_url=model.base_url,
        text_files=tuple(map(str, texts)),
        chunk_tokens=scenario.chunk_tokens,
        at_once=scenario.at_once,
        requests_per_minute=scenario.requests_per_minute,
        tokens_per_minute=scenario.tokens_per_minute,
    )
    model.behave(Behaviour())
    command = [contestant.python, "-m", contestant.module]
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(  # noqa: S603 - our own program
            command,
            cwd=REPOSITORY,
            env=contestant.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        ) as process,
    ):
        try:
            _say(process, json.dumps(asdict(job)))
            _hear(process, complaints)
            model.behave(scenario.behaviour)
            model.forget_calls()
            _say(process, "go")
            finish = Finish(**json.loads(_hear(process, complaints)))
        finally:
            process.kill()
    return evaluate(scenario, transcript_tokens, finish, model.calls())


def _say(process: subprocess.Popen[str], line: str) -> None:
    if process.stdin is None:
        raise AssertionError("the process was started with a pipe")
    with contextlib.suppress(BrokenPipeError):  # why it ended comes out when it is listened to
        process.stdin.write(line + "\n")
        process.stdin.flush()


def _hear(process: subprocess.Popen[str], complaints: IO[str]) -> str:
    if process.stdout is None:
        raise AssertionError("the process was started with a pipe")
    line = process.stdout.readline()
    if not line:
        process.wait()
        complaints.seek(0)
        raise GaveUpError((complaints.read().strip().splitlines() or [f"status {process.returncode}"])[-1])
    return line.strip()
