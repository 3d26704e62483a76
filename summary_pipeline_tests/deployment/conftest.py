"""An instance of the repository's ``dagster.yaml``, in this process, with PostgreSQL as broker."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dagster import DagsterInstance

from summary_pipeline.deployment.environment import dagster_environment, prepare_dagster_home
from summary_pipeline.local.postgresql import EmbeddedPostgres

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def instance(
    tmp_path: Path, postgres_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DagsterInstance]:
    """The instance that ``DagsterInstance.get()`` returns during the test; its database is the module's own."""
    with instance_on("dagster_instance", tmp_path, postgres_server, monkeypatch) as instance:
        yield instance


@contextmanager
def instance_on(
    database: str, tmp_path: Path, postgres_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DagsterInstance]:
    postgres_server.create_database(database)
    prepare_dagster_home(tmp_path / "home", REPOSITORY / "dagster.yaml")
    variables = dagster_environment(
        dagster_home=tmp_path / "home",
        postgres_url=postgres_server.url(database),
        redis_url=None,
        workers=3,
        code_server_port=4000,
    )
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with DagsterInstance.get() as instance:
        yield instance
