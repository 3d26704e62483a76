"""Videos whose model calls go through the provider's Batch API.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "answer_batches",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("video_ids", sa.JSON(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("submission_key", sa.Text()),
        sa.Column("submissions", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("model", sa.Text()),
        sa.Column("batch_id", sa.Text()),
        sa.Column("requests", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("reserved_usd", sa.Double(), nullable=False, server_default=sa.text("0")),
        sa.Column("reserved_on", sa.Date()),
        sa.Column("videos_collected", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("answers_kept", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("answers_unusable", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("spent_usd", sa.Double()),
        sa.Column("note", sa.Text()),
        sa.Column("backfill_id", sa.Text()),
        sa.Column("created_at", postgresql.TIMESTAMP(), nullable=False, server_default=sa.func.now()),
        sa.Column("changed_at", postgresql.TIMESTAMP(), nullable=False, server_default=sa.func.now()),
        sa.Column("due_at", postgresql.TIMESTAMP(), nullable=False, server_default=sa.func.now()),
    )
    op.create_index("answer_batches_state", "answer_batches", ["state", "id"])


def downgrade() -> None:
    """Drop the table, with what it holds."""
    op.drop_table("answer_batches")
