"""Advisory locks: who waits for whom.

Belongs here: the keys, and taking the locks. They end with the transaction, so that none outlives a crash.
Does not belong here: what is done under a lock.
"""

import hashlib
from enum import StrEnum

from sqlalchemy import Connection, func, select


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


def schema_of(connection: Connection) -> str | None:
    """Return the schema that table names without one mean on this connection."""
    schema: str | None = connection.get_execution_options().get("schema_translate_map", {}).get(None)
    return schema
