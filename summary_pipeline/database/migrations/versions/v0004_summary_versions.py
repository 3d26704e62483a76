"""Every summary that a video has had, what judges said of them, and what that costs.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "summary_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("summarized_event_id", sa.Uuid(), unique=True),
        sa.Column("source_event_id", sa.Text()),
        sa.Column("source_event_ts", postgresql.TIMESTAMP()),
        sa.Column("run_id", sa.Text()),
        sa.Column("summary_text", sa.Text()),
        sa.Column("summary_path", sa.Text()),
        sa.Column("quality_score", sa.Double()),
        sa.Column("model", sa.Text()),
        sa.Column("prompt_version", sa.Text()),
        sa.Column("model_info", sa.JSON()),
        sa.Column("created_at", postgresql.TIMESTAMP(), nullable=False, server_default=sa.func.now()),
    )
    op.create_index("summary_versions_video", "summary_versions", ["video_id", "id"])
    op.create_index("summary_versions_created", "summary_versions", ["created_at"])
    op.create_table(
        "summary_judgements",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("video_id", sa.Integer(), nullable=False),
        sa.Column("summarized_event_id", sa.Uuid(), nullable=False),
        sa.Column("judge", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("cost_usd", sa.Double()),
        sa.Column("created_at", postgresql.TIMESTAMP(), nullable=False, server_default=sa.func.now()),
    )
    op.create_index("summary_judgements_event", "summary_judgements", ["summarized_event_id", "judge"], unique=True)
    op.create_table(
        "judge_spending",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("spent_usd", sa.Double(), nullable=False, server_default=sa.text("0")),
        sa.Column("reserved_usd", sa.Double(), nullable=False, server_default=sa.text("0")),
    )


def downgrade() -> None:
    """Drop the tables, with what they hold."""
    op.drop_table("judge_spending")
    op.drop_table("summary_judgements")
    op.drop_table("summary_versions")
