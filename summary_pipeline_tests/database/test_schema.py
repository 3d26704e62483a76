from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, inspect

from summary_pipeline.database.errors import PermanentDatabaseError
from summary_pipeline.database.schema import create_missing_shared_tables, migrate_own_tables

pytestmark = pytest.mark.servers

SHARED = {"videos", "video_transcripts", "video_summaries", "outbox_events", "processed_messages"}
OWN = {
    "video_status_log",
    "model_spending",
    "outbox_failures",
    "dead_letters",
    "summary_versions",
    "summary_judgements",
    "judge_spending",
    "answer_batches",
    "summary_pipeline_alembic_version",
}

TYPES = {
    "videos": "id INTEGER, title TEXT, description TEXT, user_id INTEGER, user_name TEXT, key TEXT, status TEXT, "
    "status_message TEXT NULL, processed_at TIMESTAMP NULL, created_at TIMESTAMP, updated_at TIMESTAMP",
    "video_transcripts": "id INTEGER, video_id INTEGER, transcript_text TEXT NULL, transcript_path TEXT NULL, "
    "status TEXT, duration_seconds INTEGER NULL, model_info JSON NULL, created_at TIMESTAMP, updated_at TIMESTAMP",
    "video_summaries": "id INTEGER, video_id INTEGER, summary_text TEXT NULL, summary_path TEXT NULL, "
    "model_info JSON NULL, quality_score DOUBLE PRECISION NULL, created_at TIMESTAMP, updated_at TIMESTAMP",
    "outbox_events": "id UUID, topic TEXT, payload JSON, published BOOLEAN, attempts INTEGER, service TEXT NULL, "
    "created_at TIMESTAMP, published_at TIMESTAMP NULL",
    "processed_messages": "id INTEGER, message_id TEXT, processed_at TIMESTAMP",
}


def tables(engine: Engine, schema: str) -> set[str]:
    return set(inspect(engine).get_table_names(schema=schema))


@pytest.mark.parametrize("table", sorted(SHARED))
def test_shared_tables_are_the_contracts(engine: Engine, schema: str, table: str) -> None:
    columns = inspect(engine).get_columns(table, schema=schema)
    described = ", ".join(f"{column['name']} {column['type']}{' NULL' * column['nullable']}" for column in columns)
    assert described == TYPES[table]


def test_ids_and_defaults_come_from_the_database(engine: Engine, schema: str) -> None:
    inspector = inspect(engine)
    defaults = {
        (table, column["name"]): str(column["default"])
        for table in SHARED
        for column in inspector.get_columns(table, schema=schema)
        if column["default"] is not None
    }
    assert all(defaults[table, "id"].startswith("nextval(") for table in SHARED - {"outbox_events"})
    assert defaults["outbox_events", "published"] == "false"
    assert defaults["outbox_events", "attempts"] == "0"
    assert {value for (_table, name), value in defaults.items() if name.endswith("_at")} == {"now()"}


def test_the_schema_is_made_where_it_is_missing(empty_engine: Engine, schema: str) -> None:
    assert set(create_missing_shared_tables(empty_engine, schema)) == SHARED
    migrate_own_tables(empty_engine, schema)
    assert tables(empty_engine, schema) == SHARED | OWN


def test_what_is_there_is_left_as_it_is(empty_engine: Engine, schema: str) -> None:
    create_missing_shared_tables(empty_engine, schema)
    odd = Table("videos", MetaData(), Column("id", Integer), Column("odd", Integer))
    with empty_engine.begin() as connection:
        odd.drop(connection)
        odd.create(connection)
    assert create_missing_shared_tables(empty_engine, schema) == ()
    assert {column["name"] for column in inspect(empty_engine).get_columns("videos", schema=schema)} == {"id", "odd"}


def test_only_what_is_missing_is_created(engine: Engine, schema: str) -> None:
    with engine.begin() as connection:
        Table("outbox_events", MetaData()).drop(connection)
    assert create_missing_shared_tables(engine, schema) == ("outbox_events",)


def test_migrating_again_changes_nothing(engine: Engine, schema: str) -> None:
    before = tables(engine, schema)
    migrate_own_tables(engine, schema)
    assert tables(engine, schema) == before


def test_two_services_that_start_at_once_do_not_collide(empty_engine: Engine, schema: str) -> None:
    with ThreadPoolExecutor(3) as threads:
        created = list(threads.map(lambda _number: create_missing_shared_tables(empty_engine, schema), range(3)))
    assert sorted(map(len, created)) == [0, 0, len(SHARED)]


def test_a_name_that_is_taken_by_something_else_is_an_error(engine: Engine, schema: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "ALTER TABLE {0}.videos RENAME TO old; CREATE VIEW {0}.videos AS SELECT 1 AS id".format(
                connection.dialect.identifier_preparer.quote(schema)
            )
        )
    with pytest.raises(PermanentDatabaseError, match="already exists"):
        create_missing_shared_tables(engine, schema)
