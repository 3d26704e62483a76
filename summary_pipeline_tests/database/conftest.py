"""A database on the session's PostgreSQL, and for each test a schema of its own."""

from collections.abc import Iterator
from itertools import count

import pytest
from sqlalchemy import Engine
from sqlalchemy.schema import DropSchema

from summary_pipeline.database.engine import create_database_engine
from summary_pipeline.database.schema import create_missing_shared_tables, migrate_own_tables
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline.resources.kafka_producer import KafkaProducer, open_producer
from summary_pipeline_tests.database.outbox import new_topic

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def database_url(postgres_server: EmbeddedPostgres) -> str:
    postgres_server.create_database("database_tests")
    return postgres_server.url("database_tests")


@pytest.fixture
def schema() -> str:
    """A name that has to be quoted."""
    return f'Test "schema" {next(_NUMBERS)}'


@pytest.fixture
def empty_engine(database_url: str, schema: str) -> Iterator[Engine]:
    """An engine for a schema that does not exist yet."""
    engine = create_database_engine(database_url, schema=schema, pool_size=4)
    yield engine
    with engine.begin() as connection:
        connection.execute(DropSchema(schema, cascade=True, if_exists=True))
    engine.dispose()


@pytest.fixture
def engine(empty_engine: Engine, schema: str) -> Engine:
    """An engine for a schema with all tables in it."""
    create_missing_shared_tables(empty_engine, schema)
    migrate_own_tables(empty_engine, schema)
    return empty_engine


@pytest.fixture
def other_engine(database_url: str, schema: str) -> Iterator[Engine]:
    """Another process's connections."""
    engine = create_database_engine(database_url, schema=schema)
    yield engine
    engine.dispose()


@pytest.fixture
def producer(kafka_address: str) -> Iterator[KafkaProducer]:
    with open_producer(kafka_address) as opened:
        yield opened


@pytest.fixture
def topic(kafka_address: str) -> str:
    return new_topic(kafka_address)
