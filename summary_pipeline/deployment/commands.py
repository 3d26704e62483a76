"""The commands that start Dagster's processes.

Belongs here: argument lists, as values. Does not belong here: starting or watching processes (``local``).

Each process needs the variables of ``environment.dagster_environment`` over the platform's own.
"""

import sys
from pathlib import Path

from summary_pipeline.deployment.environment import LOCATION_NAME

LOOPBACK = "127.0.0.1"
DEFINITIONS_MODULE = "summary_pipeline.definitions"
DEFINITIONS_ATTRIBUTE = "defs"


def code_server_command(port: int, host: str = LOOPBACK, module: str = DEFINITIONS_MODULE) -> list[str]:
    """Return the command of the code server that webserver and daemon share."""
    return [
        *(sys.executable, "-m", "dagster", "code-server", "start"),
        *("--host", host, "--port", str(port)),
        *("--module-name", module, "--attribute", DEFINITIONS_ATTRIBUTE, "--location-name", LOCATION_NAME),
    ]


def daemon_command(dagster_home: Path) -> list[str]:
    """Return the command of the daemon: sensors, schedules, the run queue, run monitoring and run retries."""
    return [sys.executable, "-m", "dagster._daemon", "run", "--workspace", str(dagster_home / "workspace.yaml")]


def webserver_command(dagster_home: Path, port: int, host: str = LOOPBACK) -> list[str]:
    """Return the command of the UI."""
    return [
        *(sys.executable, "-m", "dagster_webserver", "--workspace", str(dagster_home / "workspace.yaml")),
        *("--host", host, "--port", str(port)),
    ]


def celery_worker_command(workers: int) -> list[str]:
    """Return the command of a worker that executes up to ``workers`` runs at once, each in its own warm process."""
    return [sys.executable, "-m", "summary_pipeline.deployment.celery_worker", "--concurrency", str(workers)]
