"""The status log and the relay's memory of failures.

Revision ID: 0001
Revises: nothing
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "video_status_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=False),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text()),
        sa.Column("run_id", sa.Text()),
        sa.Column("created_at", postgresql.TIMESTAMP(), nullable=False, server_default=sa.func.now()),
    )
    op.create_index("video_status_log_video", "video_status_log", ["video_id", "id"])
    op.create_table(
        "outbox_failures",
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("rejections", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("next_attempt_at", postgresql.TIMESTAMP(), nullable=False),
        sa.Column("parked_at", postgresql.TIMESTAMP()),
    )


def downgrade() -> None:
    """Drop both tables, with what they hold."""
    op.drop_table("outbox_failures")
    op.drop_table("video_status_log")
