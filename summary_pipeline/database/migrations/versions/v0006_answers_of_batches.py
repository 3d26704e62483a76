"""What each batch answered: by which model and prompts, how much, and when that was known.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLE = "answer_batches"


def upgrade() -> None:
    """Add the columns. Batches that ended before keep their cost, and are in no report."""
    # The connection's map of schemas reaches what creates a table, and not what alters one.
    schema = op.get_context().version_table_schema
    for column in (
        sa.Column("prompt_version", sa.Text()),
        sa.Column("answered_by", sa.Text()),
        sa.Column("answered_calls", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("answered_at", postgresql.TIMESTAMP()),
    ):
        op.add_column(_TABLE, column, schema=schema)
    op.create_index("answer_batches_answered", _TABLE, ["answered_at"])


def downgrade() -> None:
    """Drop the columns, with what they hold; the index goes with its column."""
    schema = op.get_context().version_table_schema
    for name in ("answered_at", "output_tokens", "input_tokens", "answered_calls", "answered_by", "prompt_version"):
        op.drop_column(_TABLE, name, schema=schema)
