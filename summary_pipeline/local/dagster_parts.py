"""Dagster's processes as parts of the stack, and whether they have taken up the definitions.

Belongs here: readiness and stopping of Dagster's processes. Does not belong here: their command lines and variables
(``deployment``).
"""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from summary_pipeline.deployment import commands
from summary_pipeline.local import ports
from summary_pipeline.local.errors import StackError
from summary_pipeline.local.part import Part

_PATIENCE_SECONDS = 40.0
_START_SECONDS = 180.0
_LOCATIONS = """
{ workspaceOrError { __typename
  ... on PythonError { message }
  ... on Workspace { locationEntries { loadStatus
    locationOrLoadError { __typename ... on PythonError { message } } } } } }
"""


def code_server(environment: Mapping[str, str], port: int, directory: Path) -> Part:
    """Return the code server's part."""
    return Part(
        name="code-server",
        command=commands.code_server_command(port),
        environment=environment,
        is_ready=lambda: ports.accepts(port),
        ready_within_seconds=_START_SECONDS,
        port=port,
        patience_seconds=_PATIENCE_SECONDS,
        directory=directory,
    )


def daemon(environment: Mapping[str, str], home: Path, directory: Path, log: Path) -> Part:
    """Return the daemon's part."""
    return Part(
        name="daemon",
        command=commands.daemon_command(home),
        environment=environment,
        is_ready=_says(log, "Instance is configured with the following daemons"),
        ready_within_seconds=_START_SECONDS,
        patience_seconds=_PATIENCE_SECONDS,
        directory=directory,
    )


def webserver(environment: Mapping[str, str], home: Path, port: int, directory: Path) -> Part:
    """Return the UI's part."""
    return Part(
        name="webserver",
        command=commands.webserver_command(home, port),
        environment=environment,
        is_ready=lambda: ports.answers_http(port, "/server_info"),
        ready_within_seconds=_START_SECONDS,
        port=port,
        patience_seconds=_PATIENCE_SECONDS,
        directory=directory,
    )


def worker(environment: Mapping[str, str], workers: int, directory: Path, log: Path) -> Part:
    """Return the part of the Celery worker with its ``workers`` processes."""
    return Part(
        name="worker",
        command=commands.celery_worker_command(workers),
        environment=environment,
        is_ready=_says(log, " ready."),
        ready_within_seconds=_START_SECONDS,
        patience_seconds=_PATIENCE_SECONDS,
        directory=directory,
    )


def require_definitions(ui_port: int, check: Callable[[], None], seconds: float = _START_SECONDS) -> None:
    """Wait until the webserver has loaded the definitions; ``check`` raises where a part has died meanwhile.

    Raises:
        StackError: they cannot be loaded; the message is Dagster's.
    """
    deadline = time.monotonic() + seconds
    while not _definitions_are_loaded(ui_port):
        if time.monotonic() > deadline:
            raise StackError(f"Dagster has not loaded the definitions within {seconds:g} s; see the code server's log")
        check()


def _definitions_are_loaded(ui_port: int) -> bool:
    connection = http.client.HTTPConnection(ports.LOOPBACK, ui_port, timeout=30)
    try:
        connection.request("POST", "/graphql", json.dumps({"query": _LOCATIONS}), {"Content-Type": "application/json"})
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    workspace = answer["data"]["workspaceOrError"]
    if workspace["__typename"] == "PythonError":
        raise StackError(f"Dagster cannot load its workspace: {workspace['message']}")
    entries = workspace["locationEntries"]
    for entry in entries:
        location = entry["locationOrLoadError"]
        if location is not None and location["__typename"] == "PythonError":
            raise StackError(f"Dagster cannot load the definitions: {location['message']}")
    return bool(entries) and all(entry["loadStatus"] == "LOADED" for entry in entries)


def _says(log: Path, text: str) -> Callable[[], bool]:
    """Ready once ``text`` stands in what is written to ``log`` from now on."""
    before = log.stat().st_size if log.exists() else 0

    def is_ready() -> bool:
        if not log.exists():
            return False
        with log.open("rb") as file:
            # A log that was put aside at the start begins anew.
            file.seek(before if log.stat().st_size >= before else 0)
            return text.encode() in file.read()

    return is_ready
