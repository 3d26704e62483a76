"""Comparing the tables that are there with the ones that the code expects.

Belongs here: reading the catalogue, naming every difference, telling which of them stop the work.
Does not belong here: changing anything.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Column, Dialect, Engine, Table, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.types import TypeEngine

from summary_pipeline.database.errors import PermanentDatabaseError, typed_errors
from summary_pipeline.database.locks import schema_of
from summary_pipeline.database.models import SharedBase
from summary_pipeline.database.own_models import OwnBase

_EQUIVALENT_TYPES: Final = frozenset(
    {
        ("TEXT", "VARCHAR"),
        ("INTEGER", "BIGINT"),
        ("JSON", "JSONB"),
        ("TIMESTAMP WITHOUT TIME ZONE", "TIMESTAMP WITH TIME ZONE"),
    }
)
"""(expected, found): reported, but all statements work the same. A VARCHAR with a length is not among them."""

_READ_ONLY: Final = frozenset({"video_transcripts"})
_NEVER_INSERTED: Final = frozenset({"videos", "video_transcripts"})


class DifferenceKind(StrEnum):
    """What is different."""

    TABLE_MISSING = "table missing"
    COLUMN_MISSING = "column missing"
    TYPE = "type"
    NULLABILITY = "nullability"
    UNIQUENESS = "uniqueness"
    DEFAULT_MISSING = "default missing"
    REQUIRED_COLUMN = "unknown required column"


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a table is not as expected. A ``blocking`` one makes statements fail or lose data."""

    table: str
    column: str | None
    kind: DifferenceKind
    expected: str
    found: str
    blocking: bool

    def __str__(self) -> str:
        place = self.table if self.column is None else f"{self.table}.{self.column}"
        weight = "blocking" if self.blocking else "tolerated"
        return f"{place}: {self.kind}: expected {self.expected}, found {self.found} ({weight})"


def check_compatibility(engine: Engine, schema: str) -> list[Difference]:
    """Return every difference between the tables in ``schema``, shared and our own, and the models.

    Columns, constraints and indexes that the neighbour has beyond the contract are none of our business, unless they
    make our inserts fail.

    Raises:
        DatabaseError: the database could not be asked.
    """
    tables = [*SharedBase.metadata.sorted_tables, *OwnBase.metadata.sorted_tables]
    with typed_errors("comparing its tables with the contract"), engine.connect() as connection:
        inspector = inspect(connection)
        existing = set(inspector.get_table_names(schema=schema))
        differences: list[Difference] = []
        for table in tables:
            if table.name in existing:
                differences.extend(_compare_table(table, inspector, schema))
            else:
                differences.append(
                    Difference(table.name, None, DifferenceKind.TABLE_MISSING, "a table", "nothing", blocking=True)
                )
        return differences


class IncompatibleTablesError(PermanentDatabaseError):
    """Tables are not as the code needs them; the message names every difference that stops the work."""

    def __init__(self, schema: str, differences: Sequence[Difference]) -> None:
        own = {difference.table for difference in differences} & OwnBase.metadata.tables.keys()
        shared = {difference.table for difference in differences} - own
        remedies = []
        if own:
            remedies.append("run `summary-pipeline db create`, which brings our own tables up to date")
        if shared:
            remedies.append(
                "have the platform's migrations run (`summary-pipeline db create` creates shared tables that are "
                "missing, and never changes one that exists)"
            )
        listing = "\n".join(f"  {difference}" for difference in differences)
        super().__init__(
            f"{len(differences)} difference(s) in schema {schema!r} stop the work; {'; '.join(remedies)}:\n{listing}"
        )
        self.differences = tuple(differences)


@functools.lru_cache(maxsize=16)
def require_compatible(engine: Engine) -> None:
    """Return if the engine's schema has no blocking difference; once it has none, do not ask again in this process.

    Raises:
        IncompatibleTablesError: it has some.
        DatabaseError: the database could not be asked; nothing is known.
    """
    with typed_errors("looking for its schema"), engine.connect() as connection:
        schema = schema_of(connection) or inspect(connection).default_schema_name or "public"
    blocking = [difference for difference in check_compatibility(engine, schema) if difference.blocking]
    if blocking:
        raise IncompatibleTablesError(schema, blocking)


def _compare_table(table: Table, inspector: Inspector, schema: str) -> Iterator[Difference]:
    found = {column["name"]: column for column in inspector.get_columns(table.name, schema=schema)}
    for column in table.columns:
        if column.name not in found:
            yield Difference(
                table.name,
                column.name,
                DifferenceKind.COLUMN_MISSING,
                _type_name(column.type, inspector.dialect),
                "nothing",
                blocking=True,
            )
            continue
        yield from _compare_column(table.name, column, found[column.name], inspector.dialect)
    unique = _unique_columns(inspector, table.name, schema)
    for column in table.columns:
        if (column.primary_key or column.unique) and column.name in found and column.name not in unique:
            yield Difference(
                table.name,
                column.name,
                DifferenceKind.UNIQUENESS,
                "PRIMARY KEY" if column.primary_key else "UNIQUE",
                "neither a key nor a unique constraint",
                blocking=table.name not in _NEVER_INSERTED,
            )
    if table.name not in _NEVER_INSERTED:
        yield from _columns_that_refuse_inserts(table, found, inspector.dialect)


def _compare_column(
    table: str, expected: Column[Any], found: ReflectedColumn, dialect: Dialect
) -> Iterator[Difference]:
    expected_type, found_type = _type_name(expected.type, dialect), _type_name(found["type"], dialect)
    if expected_type != found_type:
        yield Difference(
            table,
            expected.name,
            DifferenceKind.TYPE,
            expected_type,
            found_type,
            blocking=(expected_type, found_type) not in _EQUIVALENT_TYPES,
        )
    if bool(expected.nullable) != found["nullable"]:
        yield Difference(
            table,
            expected.name,
            DifferenceKind.NULLABILITY,
            "NULL" if expected.nullable else "NOT NULL",
            "NULL" if found["nullable"] else "NOT NULL",
            # A NULL that we never meet is harmless; a NULL that we write and that is refused is not.
            blocking=bool(expected.nullable) and table not in _READ_ONLY,
        )


def _columns_that_refuse_inserts(
    table: Table, found: dict[str, ReflectedColumn], dialect: Dialect
) -> Iterator[Difference]:
    for name, column in found.items():
        has_value = column["default"] is not None or "identity" in column or "computed" in column
        if column["nullable"] or has_value:
            continue
        expected = table.columns.get(name)
        if expected is None:
            yield Difference(
                table.name,
                name,
                DifferenceKind.REQUIRED_COLUMN,
                "a default, or NULL allowed, since inserts do not name it",
                f"{_type_name(column['type'], dialect)} NOT NULL without a default",
                blocking=True,
            )
        elif expected.primary_key and expected.type.python_type is int:
            yield Difference(
                table.name, name, DifferenceKind.DEFAULT_MISSING, "a sequence or identity", "no default", blocking=True
            )


def _unique_columns(inspector: Inspector, table: str, schema: str) -> set[str]:
    """Return the columns that are unique by themselves, in a way that ``ON CONFLICT`` can use."""
    keys = [inspector.get_pk_constraint(table, schema=schema)["constrained_columns"]]
    keys += [constraint["column_names"] for constraint in inspector.get_unique_constraints(table, schema=schema)]
    for index in inspector.get_indexes(table, schema=schema):
        names = [name for name in index["column_names"] if name is not None]
        partial = index.get("dialect_options", {}).get("postgresql_where")
        if index["unique"] and not partial and len(names) == len(index["column_names"]):
            keys.append(names)
    return {key[0] for key in keys if len(key) == 1}


def _type_name(type_: TypeEngine[Any], dialect: Dialect) -> str:
    return type_.compile(dialect=dialect)
