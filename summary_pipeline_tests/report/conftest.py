"""A database on the session's PostgreSQL, with the tables and nothing in them; one schema a test."""

from collections.abc import Iterator
from itertools import count

import pytest
from sqlalchemy import Engine

from summary_pipeline.database.engine import create_database_engine
from summary_pipeline.database.schema import create_missing_shared_tables, migrate_own_tables
from summary_pipeline.local.postgresql import EmbeddedPostgres

DATABASE = "report_tests"
_NUMBERS = count(1)


@pytest.fixture(scope="session")
def report_database(postgres_server: EmbeddedPostgres) -> str:
    postgres_server.create_database(DATABASE)
    return postgres_server.url(DATABASE)


@pytest.fixture
def engine(report_database: str) -> Iterator[Engine]:
    schema = f"report {next(_NUMBERS)}"
    engine = create_database_engine(report_database, schema=schema)
    create_missing_shared_tables(engine, schema)
    migrate_own_tables(engine, schema)
    yield engine
    engine.dispose()
