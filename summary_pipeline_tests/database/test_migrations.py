import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, Table, func, inspect, select, text
from sqlalchemy.schema import DropSchema

from summary_pipeline.database.compatibility import check_compatibility
from summary_pipeline.database.engine import create_database_engine
from summary_pipeline.database.migrations.filters import (
    NEIGHBOURS_TABLES,
    VERSION_TABLE,
    SharedTableTouchedError,
    guard_shared_tables,
    include_name,
)
from summary_pipeline.database.models import SharedBase
from summary_pipeline.database.own_models import OwnBase
from summary_pipeline.database.schema import MIGRATIONS, create_missing_shared_tables, migrate_own_tables


def test_there_is_one_line_of_revisions() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


@pytest.mark.parametrize("table", sorted(NEIGHBOURS_TABLES))
def test_autogenerate_does_not_look_at_shared_tables(table: str) -> None:
    assert not include_name(table, "table", {})
    assert not include_name("id", "column", {"table_name": table})


@pytest.mark.parametrize("table", sorted(OwnBase.metadata.tables))
def test_autogenerate_looks_at_our_own_tables(table: str) -> None:
    assert include_name(table, "table", {})
    assert include_name("id", "column", {"table_name": table})


def test_no_table_is_both_shared_and_ours() -> None:
    assert not {*OwnBase.metadata.tables, VERSION_TABLE} & NEIGHBOURS_TABLES
    assert set(SharedBase.metadata.tables) < NEIGHBOURS_TABLES


@pytest.mark.servers
def test_migrations_make_exactly_our_models(engine: Engine, schema: str) -> None:
    with engine.connect() as connection:
        search_path = connection.dialect.identifier_preparer.quote(schema)
        connection.execute(select(func.set_config("search_path", search_path, text("true"))))
        options = {"include_name": include_name, "compare_server_default": True, "version_table": VERSION_TABLE}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, OwnBase.metadata) == []
        Table("video_status_log", OwnBase.metadata).drop(connection)
        assert len(compare_metadata(context, OwnBase.metadata)) > 0


@pytest.mark.servers
@pytest.mark.parametrize("table", sorted(NEIGHBOURS_TABLES))
@pytest.mark.parametrize("statement", ["DROP TABLE {}", 'ALTER TABLE "x"."{}" ADD y integer', "update x.{} SET a = 1"])
def test_a_statement_on_a_shared_table_never_reaches_the_server(
    empty_engine: Engine, table: str, statement: str
) -> None:
    with empty_engine.connect() as connection:
        guard_shared_tables(connection, "x")
        with pytest.raises(SharedTableTouchedError, match=table):
            connection.execute(text(statement.format(table)))


@pytest.mark.servers
def test_the_schema_may_have_the_name_of_a_shared_table(database_url: str) -> None:
    engine = create_database_engine(database_url, schema="videos")
    create_missing_shared_tables(engine, "videos")
    migrate_own_tables(engine, "videos")
    assert check_compatibility(engine, "videos") == []
    with engine.begin() as connection:
        connection.execute(DropSchema("videos", cascade=True))
    engine.dispose()


@pytest.mark.servers
def test_the_guard_ends_with_the_migrations_connection(engine: Engine) -> None:
    with engine.connect() as connection:
        videos = SharedBase.metadata.tables["videos"]
        assert connection.execute(select(func.count()).select_from(videos)).scalar_one() == 0


@pytest.mark.servers
def test_our_tables_can_be_taken_down_again_without_touching_the_shared_ones(engine: Engine, schema: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes.update(connection=connection, schema=schema)
        command.downgrade(config, "base")
    with engine.connect() as connection:
        left = set(inspect(connection).get_table_names(schema=schema))
    assert left == {*SharedBase.metadata.tables, VERSION_TABLE}
