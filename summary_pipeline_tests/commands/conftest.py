"""Commands as a person calls them: the environment names a real database, and for each test a schema of its own."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from summary_pipeline.cli import app
from summary_pipeline.database.schema import create_missing_shared_tables, migrate_own_tables
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline.resources.connections import open_database
from summary_pipeline.settings import load_settings

DATABASE = "commands_tests"

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def commands_database(postgres_server: EmbeddedPostgres) -> str:
    postgres_server.create_database(DATABASE)
    return DATABASE


@pytest.fixture
def empty_engine(
    commands_database: str, postgres_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """The database that the environment names, with no table in it. Kafka is where nobody listens."""
    environment = {
        **postgres_server.environment(commands_database),
        "DB_SCHEMA": f"test-{uuid.uuid4()}",
        "KAFKA_BROKERS": "127.0.0.1:1",
        "AWS_YOUTUBE_BUCKET": "videos",
        "OPENAI_API_KEY": "sk-unused",
    }
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    engine = open_database(load_settings().platform).engine
    yield engine
    engine.dispose()


@pytest.fixture
def engine(empty_engine: Engine) -> Engine:
    """The same, with all tables."""
    schema = load_settings().platform.db_schema
    create_missing_shared_tables(empty_engine, schema)
    migrate_own_tables(empty_engine, schema)
    return empty_engine


@pytest.fixture
def run() -> Run:
    """Call ``summary-pipeline`` with arguments, on a wide terminal."""

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "250"})

    return call
