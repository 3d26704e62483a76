"""The environment and the home directory that every Dagster process shares.

Belongs here: the names of the variables that ``dagster.yaml`` reads, and what is laid into ``DAGSTER_HOME``.
Does not belong here: the platform's own variables (``settings``), or starting anything (``local``).
"""

import shutil
from pathlib import Path

import yaml

LOCATION_NAME = "summary_pipeline"
#: Runs in progress for each worker process: one that it works on, and one that waits at the broker, so that a process
#: that ends a run does not stand still until the daemon looks at its queue again.
RUNS_IN_PROGRESS_PER_WORKER = 2


def dagster_environment(
    *,
    dagster_home: Path,
    postgres_url: str,
    redis_url: str | None,
    workers: int,
    code_server_port: int,
    code_server_host: str = "127.0.0.1",
) -> dict[str, str]:
    """Return the variables that ``dagster.yaml`` and ``workspace.yaml`` read, for each of Dagster's processes.

    Args:
        dagster_home: Directory that ``prepare_dagster_home`` filled.
        postgres_url: Dagster's database, ``postgresql+psycopg2://user:password@host:port/database``.
        redis_url: ``redis://[:password@]host:port/database``, the broker; None to let Dagster's database be the broker.
        workers: Celery worker processes in all, over all machines.
        code_server_port: Port of the code server.
        code_server_host: Host of the code server.
    """
    return {
        "DAGSTER_HOME": str(dagster_home.resolve()),
        "DAGSTER_POSTGRES_URL": postgres_url,
        "DAGSTER_CELERY_BROKER_URL": redis_url or f"sqla+{postgres_url}",
        "DAGSTER_CELERY_BACKEND_URL": redis_url or f"db+{postgres_url}",
        "DAGSTER_MAX_CONCURRENT_RUNS": str(workers * RUNS_IN_PROGRESS_PER_WORKER),
        "DAGSTER_CODE_SERVER_HOST": code_server_host,
        "DAGSTER_CODE_SERVER_PORT": str(code_server_port),
    }


def prepare_dagster_home(home: Path, repo_dagster_yaml: Path) -> None:
    """Make ``home`` a DAGSTER_HOME: the repository's ``dagster.yaml``, and a workspace of one shared code server.

    Runs at every start, so that an edited ``dagster.yaml`` takes effect.

    Raises:
        FileNotFoundError: where there is no ``dagster.yaml`` to copy.
    """
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(repo_dagster_yaml, home / "dagster.yaml")
    workspace = {
        "load_from": [
            {
                "grpc_server": {
                    "host": {"env": "DAGSTER_CODE_SERVER_HOST"},
                    "port": {"env": "DAGSTER_CODE_SERVER_PORT"},
                    # Sensors keep their cursors under this name: it must not follow the port.
                    "location_name": LOCATION_NAME,
                }
            }
        ]
    }
    (home / "workspace.yaml").write_text(yaml.safe_dump(workspace), encoding="utf-8")
