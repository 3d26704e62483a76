"""The environment and the home directory that every Dagster process shares.

Belongs here: the variables that ``dagster.yaml`` reads, whether they are there, and what is laid into ``DAGSTER_HOME``.
Does not belong here: the platform's own variables (``settings``), or starting anything (``local``).
"""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from summary_pipeline.settings import SettingsError

#: What ``dagster.yaml`` reads, and where it is: each variable's purpose and an example.
DAGSTER_VARIABLES = {
    "DAGSTER_HOME": (
        "Directory that holds dagster.yaml: a copy of the one at the top of this project.",
        "/opt/dagster",
    ),
    "DAGSTER_POSTGRES_URL": (
        "Dagster's own database, apart from the platform's.",
        "postgresql+psycopg2://dagster:change-me@127.0.0.1:5432/dagster",
    ),
    "DAGSTER_CELERY_BROKER_URL": (
        "Broker that hands runs to Celery workers: Redis, or Dagster's database as sqla+ and its URL.",
        "redis://127.0.0.1:6379/0",
    ),
    "DAGSTER_CELERY_BACKEND_URL": (
        "Where Celery keeps results: Redis, or Dagster's database as db+ and its URL.",
        "redis://127.0.0.1:6379/0",
    ),
    "DAGSTER_MAX_CONCURRENT_RUNS": (
        "Runs in progress at once: twice the number of worker processes.",
        "4",
    ),
}
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


def require_dagster_environment(environment: Mapping[str, str]) -> None:
    """Refuse an environment in which ``DAGSTER_HOME/dagster.yaml`` makes no instance.

    Dagster itself names one variable at a time, below a traceback, and takes an empty one for a value. A
    ``dagster.yaml`` that was adapted decides itself what it reads.

    Raises:
        SettingsError: naming all variables that are missing or empty, each with its purpose and an example.
    """
    home = environment.get("DAGSTER_HOME")
    configuration = Path(home or "").expanduser() / "dagster.yaml"
    problems: list[str] = []
    names: Iterable[str] = DAGSTER_VARIABLES
    if home and configuration.is_file():
        names = sorted(variables_in(yaml.safe_load(configuration.read_text(encoding="utf-8"))))
    elif home:
        problems.append(_describe("DAGSTER_HOME", f"is malformed: there is no {configuration}"))
    problems.extend(_describe(name, "is missing") for name in names if not environment.get(name))
    if problems:
        listing = "\n".join(f"  {problem}" for problem in problems)
        raise SettingsError(
            f"{len(problems)} setting(s) of Dagster to mend, in the environment itself (.env is not read for them):\n"
            f"{listing}"
        )


def variables_in(configuration: object) -> set[str]:
    """Return the names under ``env:``, Dagster's way to say that a value comes from the environment."""
    if isinstance(configuration, list):
        return {name for item in configuration for name in variables_in(item)}
    if not isinstance(configuration, dict):
        return set()
    own = {str(configuration["env"])} if set(configuration) == {"env"} else set()
    return own | {name for item in configuration.values() for name in variables_in(item)}


def _describe(name: str, fault: str) -> str:
    if name not in DAGSTER_VARIABLES:
        return f"{name} {fault}. DAGSTER_HOME/dagster.yaml reads it."
    purpose, example = DAGSTER_VARIABLES[name]
    return f"{name} {fault}. {purpose} Example: {name}={example}"


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
