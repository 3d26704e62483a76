"""Run by Alembic with the connection and schema that ``schema.migrate_own_tables`` hands over."""

from alembic import context
from sqlalchemy import Connection

from summary_pipeline.database.migrations.filters import VERSION_TABLE, guard_shared_tables, include_name
from summary_pipeline.database.own_models import OwnBase


def run_migrations(connection: Connection, schema: str) -> None:
    """Run what Alembic was asked for, in the transaction that is open."""
    guard_shared_tables(connection, schema)
    context.configure(
        connection=connection,
        target_metadata=OwnBase.metadata,
        version_table=VERSION_TABLE,
        version_table_schema=schema,
        include_name=include_name,
    )
    with context.begin_transaction():
        context.run_migrations()


run_migrations(context.config.attributes["connection"], context.config.attributes["schema"])
