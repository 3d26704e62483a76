"""Advisory locks: who waits for whom.

Belongs here: the keys, and taking the locks. They end with the transaction, so that none outlives a crash.
Does not belong here: what is done under a lock.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, Engine, func, select

from summary_pipeline.database.engine import set_for_transaction
from summary_pipeline.database.errors import typed_errors

_LONGEST_TURN: Final = "15min"


class Lock(StrEnum):
    """What a lock protects."""

    VIDEO = "video"
    RELAY = "relay"
    SCHEMA = "schema"
    BATCHES = "batches"


def lock_key(lock: Lock, schema: str | None, number: int = 0) -> int:
    """Return the 64-bit key of a lock. The schema is part of it: advisory locks are shared by a whole database."""
    text = f"summary-pipeline/{lock}/{schema or ''}/{number}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def wait_for_lock(connection: Connection, lock: Lock, number: int = 0) -> None:
    """Take a lock until the transaction ends; wait for it as long as ``lock_timeout`` allows."""
    connection.execute(select(func.pg_advisory_xact_lock(lock_key(lock, schema_of(connection), number))))


def try_lock(connection: Connection, lock: Lock) -> bool:
    """Take a lock until the transaction ends, if it is free; tell whether it was."""
    taken = connection.execute(select(func.pg_try_advisory_xact_lock(lock_key(lock, schema_of(connection)))))
    return bool(taken.scalar_one())


@contextmanager
def batches_turn(engine: Engine) -> Iterator[bool]:
    """Yield whether it is this process's turn to work on batches, and nobody else's until the context ends.

    The lock is a transaction's that stays idle meanwhile, so that a process that dies gives it back.

    Raises:
        DatabaseError: the database could not answer.
    """
    with typed_errors("taking the turn at the batches"), engine.connect() as connection:
        set_for_transaction(connection, {"idle_in_transaction_session_timeout": _LONGEST_TURN})
        yield try_lock(connection, Lock.BATCHES)


def schema_of(connection: Connection) -> str | None:
    """Return the schema that table names without one mean on this connection."""
    schema: str | None = connection.get_execution_options().get("schema_translate_map", {}).get(None)
    return schema
