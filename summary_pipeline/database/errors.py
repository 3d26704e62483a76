"""What can go wrong with the database, by what to do about it.

Belongs here: the typed errors and the sorting of SQLAlchemy's. Does not belong here: retrying.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_TRANSIENT_CLASSES: Final = ("08", "40", "53", "57")
"""SQLSTATE classes: connection, transaction rollback, insufficient resources, operator intervention."""
_TRANSIENT_STATES: Final = frozenset({"25P03", "55P03", "25006"})
"""Idle-in-transaction time-out, lock time-out, and writing to a server that is (still) a standby."""
_MISSING_STATES: Final = frozenset({"42P01", "42703"})
"""Undefined table, and undefined column."""


class DatabaseError(Exception):
    """The database did not do what it was asked."""


class TransientDatabaseError(DatabaseError):
    """The same call may succeed later: no connection, a deadlock, a time-out, a server that restarts."""


class PermanentDatabaseError(DatabaseError):
    """The same call will fail again: the data, the schema or the rights have to change first."""


class UnknownVideoError(PermanentDatabaseError):
    """There is no row in ``videos`` with this id."""

    def __init__(self, video_id: int) -> None:
        super().__init__(
            f"Video {video_id} is not in the videos table: it was deleted, or the event names a wrong id. "
            "Nothing was written; check the id with the producer of the event."
        )
        self.video_id = video_id


class UnexpectedStatusError(PermanentDatabaseError):
    """``videos.status`` holds a string that the contract does not know."""

    def __init__(self, video_id: int, status: str) -> None:
        super().__init__(
            f"Video {video_id} has the status {status!r}, which the contract with the platform does not know. "
            "Nothing was written; correct the row, or extend the contract."
        )


class VideoNotReadyError(TransientDatabaseError):
    """The video has not reached ``summarizing``: its status may still catch up with its event."""

    def __init__(self, video_id: int, status: str) -> None:
        super().__init__(
            f"Video {video_id} is still '{status}', and is summarized from 'summarizing' on. Nothing was written. "
            "If it does not change, the event belongs to an earlier upload, or the transcriber did not set the status."
        )


@contextmanager
def typed_errors(doing: str) -> Iterator[None]:
    """Turn SQLAlchemy's errors into ours; ``doing`` says in the message what was attempted.

    Raises:
        TransientDatabaseError: the connection, a lock or a time-out was at fault.
        PermanentDatabaseError: the statement, the data, the schema or the rights were.
    """
    try:
        yield
    except SQLAlchemyError as error:
        kind = TransientDatabaseError if is_transient(error) else PermanentDatabaseError
        raise kind(f"PostgreSQL failed while {doing}: {_first_line(error)}{_remedy(error)}") from error


def is_transient(error: SQLAlchemyError) -> bool:
    """Tell whether the same statement may succeed later. A connection failure carries no SQLSTATE."""
    if isinstance(error, PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = sql_state(error)
    if state is None:
        return error.connection_invalidated or type(error).__name__ in {"OperationalError", "InterfaceError"}
    return error.connection_invalidated or state[:2] in _TRANSIENT_CLASSES or state in _TRANSIENT_STATES


def sql_state(error: DBAPIError) -> str | None:
    """Return PostgreSQL's five-character error code, None where the server did not answer."""
    state = getattr(error.orig, "pgcode", None)
    return state if isinstance(state, str) else None


def _remedy(error: SQLAlchemyError) -> str:
    if isinstance(error, DBAPIError) and sql_state(error) in _MISSING_STATES:
        return (
            ". `summary-pipeline db check` names all that is missing; `summary-pipeline db create` creates missing "
            "tables and brings our own up to date."
        )
    return ""


def _first_line(error: SQLAlchemyError) -> str:
    """Leave out the statement and its parameters: they hold texts that do not belong into logs and status messages."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return next(iter(str(cause).strip().splitlines()), type(cause).__name__)
