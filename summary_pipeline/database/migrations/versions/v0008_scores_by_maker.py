"""An index for what is asked with each new summary: the scores of those before it, by the same model and prompts.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_INDEX = "summary_versions_made_by"
_TABLE = "summary_versions"


def upgrade() -> None:
    """Create the index."""
    op.create_index(_INDEX, _TABLE, ["model", "prompt_version", "id"], schema=_schema())


def downgrade() -> None:
    """Drop it."""
    op.drop_index(_INDEX, _TABLE, schema=_schema())


def _schema() -> str | None:
    # The connection's map of schemas reaches what creates a table, and not what alters one.
    return op.get_context().version_table_schema
