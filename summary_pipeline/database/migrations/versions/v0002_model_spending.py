"""What is spent on language models, day by day.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "model_spending",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("spent_usd", sa.Double(), nullable=False, server_default=sa.text("0")),
        sa.Column("reserved_usd", sa.Double(), nullable=False, server_default=sa.text("0")),
    )


def downgrade() -> None:
    """Drop the table, with what it holds."""
    op.drop_table("model_spending")
