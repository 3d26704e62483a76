"""Dead letters: what could not be taken as an event, or was given up.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table. A message is known by its place in Kafka and its content, a given-up event by its id."""
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("cluster_id", sa.Text()),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer()),
        sa.Column("offset", sa.BigInteger()),
        sa.Column("event_id", sa.Text()),
        sa.Column("video_id", sa.Integer()),
        sa.Column("message_key", postgresql.BYTEA()),
        sa.Column("message_value", postgresql.BYTEA()),
        sa.Column("value_sha256", sa.Text(), nullable=False),
        sa.Column("message_headers", sa.JSON(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("error_class", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(), nullable=False, server_default=sa.func.now()),
        sa.Column("replays", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("replayed_at", postgresql.TIMESTAMP()),
    )
    op.create_index(
        "dead_letters_place",
        "dead_letters",
        ["cluster_id", "topic", "partition", "offset", "value_sha256"],
        unique=True,
    )
    op.create_index(
        "dead_letters_given_up", "dead_letters", ["event_id"], unique=True, postgresql_where=sa.text('"offset" IS NULL')
    )


def downgrade() -> None:
    """Drop the table, with what it holds."""
    op.drop_table("dead_letters")
