"""Runs wait in Dagster's queue while their answers come by batch: each batch belongs to the backfill of its runs.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLE = "answer_batches"


def upgrade() -> None:
    """Drop the text of the backfill that was still to be launched, and call the end what it is now."""
    op.drop_column(_TABLE, "description", schema=_schema())
    _rename("launched", "settled")


def downgrade() -> None:
    """Bring the column back, empty."""
    column = sa.Column("description", sa.Text(), nullable=False, server_default=sa.text("''"))
    op.add_column(_TABLE, column, schema=_schema())
    op.alter_column(_TABLE, "description", server_default=None, schema=_schema())
    _rename("settled", "launched")


def _rename(before: str, after: str) -> None:
    table = sa.table(_TABLE, sa.column("state"), schema=_schema())
    op.execute(sa.update(table).where(table.c.state == before).values(state=after))


def _schema() -> str | None:
    # The connection's map of schemas reaches what creates a table, and not what alters one.
    return op.get_context().version_table_schema
