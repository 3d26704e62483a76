"""A worker in an environment that its runs could do nothing with."""

import datetime as dt
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from summary_pipeline.deployment.commands import celery_worker_command
from summary_pipeline.local.openai_server.configuration import ServerConfig
from summary_pipeline.local.openai_server.serving import running_server
from summary_pipeline_tests.deployment.running_deployment import PLATFORM


def started(environment: Mapping[str, str], directory: Path) -> subprocess.CompletedProcess[str]:
    """Start a worker in a directory without a .env, and wait until it has ended."""
    return subprocess.run(
        celery_worker_command(1),
        env=environment,
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_worker_whose_settings_are_not_complete_does_not_start_and_names_what_is_missing(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "DB_HOST": "127.0.0.1", "DB_PORT": "no number"}
    ended = started(environment, tmp_path)
    assert ended.returncode == 1
    assert "OPENAI_API_KEY is missing" in ended.stderr
    assert "DB_PORT is malformed" in ended.stderr
    assert "DAGSTER_HOME is missing" in ended.stderr
    assert "DAGSTER_CELERY_BROKER_URL is missing" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.servers
def test_a_worker_whose_model_has_been_shut_down_does_not_start_and_names_another(tmp_path: Path) -> None:
    with running_server(ServerConfig(shutdown_date=dt.date(2026, 10, 23))) as server:
        environment = {"PATH": os.environ["PATH"], **PLATFORM, "OPENAI_BASE_URL": server.base_url}
        ended = started(environment, tmp_path)
    assert ended.returncode == 1
    assert "The worker does not start. Model 'gpt-6-luna' was shut down on 2026-10-23." in ended.stderr
    assert "Traceback" not in ended.stderr
