"""Commands as a person calls them: the environment names a real database, and for each test a schema of its own."""

import contextlib
import os
import subprocess
import sys
import termios
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

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
RunOnTerminal = Callable[..., list[str]]


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
    """Call ``summary-pipeline`` with arguments, with its output piped from a narrow terminal."""

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "80"})

    return call


@pytest.fixture
def run_on_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunOnTerminal:
    """Run ``summary-pipeline`` as a process on a real terminal; return the lines that it writes, without padding."""
    monkeypatch.delenv("COLUMNS", raising=False)

    def call(*arguments: str, columns: int) -> list[str]:
        reading, writing = os.openpty()
        termios.tcsetwinsize(writing, (24, columns))
        process = subprocess.Popen(
            [sys.executable, "-m", "summary_pipeline.cli", *arguments],
            # Not the repository, where a developer may have a .env.
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
        )
        os.close(writing)
        written = b""
        # Linux tells the end of a terminal by an error.
        with contextlib.suppress(OSError):
            while read := os.read(reading, 65536):
                written += read
        os.close(reading)
        assert process.wait() == 0, written
        return [line.rstrip() for line in written.decode().splitlines()]

    return call
