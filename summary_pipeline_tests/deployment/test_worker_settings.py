"""A worker in an environment that its runs could do nothing with."""

import os
import subprocess
from pathlib import Path

from summary_pipeline.deployment.commands import celery_worker_command


def test_a_worker_whose_settings_are_not_complete_does_not_start_and_names_what_is_missing(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "DB_HOST": "127.0.0.1", "DB_PORT": "no number"}
    # In a directory without a .env.
    ended = subprocess.run(
        celery_worker_command(1), env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 1
    assert "OPENAI_API_KEY is missing" in ended.stderr
    assert "DB_PORT is malformed" in ended.stderr
    assert "Traceback" not in ended.stderr
