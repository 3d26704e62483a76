"""What keeps migrations away from the shared tables.

Belongs here: the filter for autogenerate and the guard on statements. Does not belong here: running migrations.
"""

import re
from typing import Final

from alembic.runtime.environment import NameFilterParentNames, NameFilterType
from sqlalchemy import Connection, event

from summary_pipeline.database.models import SharedBase
from summary_pipeline.database.own_models import OwnBase

VERSION_TABLE: Final = "summary_pipeline_alembic_version"

NEIGHBOURS_TABLES: Final = frozenset({*SharedBase.metadata.tables, "video_variants", "users", "upload_metadata"})
_MENTION: Final = re.compile(rf"\b(?:{'|'.join(sorted(NEIGHBOURS_TABLES))})\b", re.IGNORECASE)


class SharedTableTouchedError(RuntimeError):
    """A migration held a statement that names a table of the neighbour."""


def include_name(name: str | None, type_: NameFilterType, parent_names: NameFilterParentNames) -> bool:
    """Tell autogenerate to look at our own tables only."""
    table = name if type_ == "table" else parent_names.get("table_name")
    return type_ == "schema" or table in OwnBase.metadata.tables


def guard_shared_tables(connection: Connection, schema: str) -> None:
    """Make every statement on ``connection`` fail that names a table of the neighbour, before it reaches the server.

    The schema itself may have such a name.
    """
    qualifier = f"{connection.dialect.identifier_preparer.quote(schema)}."

    def refuse(
        _connection: Connection, _cursor: object, statement: str, _parameters: object, _context: object, _many: object
    ) -> None:
        found = _MENTION.search(statement.replace(qualifier, ""))
        if found:
            raise SharedTableTouchedError(
                f"A migration names the table {found.group()!r}, which belongs to the platform's other service. "
                "Migrations may only touch the tables in own_models.py."
            )

    event.listen(connection, "before_cursor_execute", refuse)
