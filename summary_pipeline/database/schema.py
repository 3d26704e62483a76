"""Bringing the schema into shape: creating what is missing of the shared tables, migrating our own.

Belongs here: the statements that create. Does not belong here: comparing what is there (``compatibility``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.schema import CreateSchema

from summary_pipeline.database.errors import typed_errors
from summary_pipeline.database.locks import Lock, wait_for_lock
from summary_pipeline.database.models import SharedBase

MIGRATIONS = Path(__file__).with_name("migrations")


def create_missing_shared_tables(engine: Engine, schema: str) -> tuple[str, ...]:
    """Create the schema and those shared tables that it does not have; return the names of the created ones.

    A table that exists is left as it is, whatever it looks like: see ``compatibility.check_compatibility``.

    Raises:
        DatabaseError: the database could not be reached, or refused (a right to create may be missing).
    """
    with _changing(engine, schema, "creating the missing shared tables") as connection:
        existing = set(inspect(connection).get_table_names(schema=schema))
        missing = [table for table in SharedBase.metadata.sorted_tables if table.name not in existing]
        for table in missing:
            table.create(connection, checkfirst=False)
        return tuple(table.name for table in missing)


def migrate_own_tables(engine: Engine, schema: str) -> None:
    """Bring our own tables to the newest revision. Shared tables are not touched (``migrations/env.py`` sees to it).

    Raises:
        DatabaseError: the database could not be reached, or refused.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with _changing(engine, schema, "migrating the pipeline's own tables") as connection:
        config.attributes["connection"] = connection
        config.attributes["schema"] = schema
        command.upgrade(config, "head")


@contextmanager
def _changing(engine: Engine, schema: str, doing: str) -> Iterator[Connection]:
    """One transaction, alone among all that change this schema; two services may start at the same moment."""
    scoped = engine.execution_options(schema_translate_map={None: schema})
    with typed_errors(doing), scoped.begin() as connection:
        wait_for_lock(connection, Lock.SCHEMA)
        if not inspect(connection).has_schema(schema):
            connection.execute(CreateSchema(schema))
        yield connection
