"""Dagster's PostgreSQL storage on one connection pool per process.

Belongs here: which connections a process holds to Dagster's database, and what runs that write at once would spoil in
it. Does not belong here: what is stored there otherwise.

``dagster-postgres`` opens a connection for every statement, about 130 for a run of five assets. Its own pool, meant for
the webserver, belongs to a ``DagsterInstance``; a Celery worker makes one of those for every run, so such pools pile up
until PostgreSQL refuses. Here the pool belongs to the process: every instance in it shares the pool, and a forked child
starts with an empty one.
"""

import json
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from typing import Any, Self

from dagster import DagsterEventType, EventLogEntry, Field, StringSource
from dagster._config.config_schema import UserConfigSchema
from dagster._core.storage.event_log.schema import AssetKeyTable
from dagster._serdes import ConfigurableClassData
from dagster_postgres import (
    DagsterPostgresStorage,
    PostgresEventLogStorage,
    PostgresRunStorage,
    PostgresScheduleStorage,
)
from dagster_postgres.utils import create_pg_engine
from psycopg2.extensions import connection as PsycopgConnection  # noqa: N812 - the type's own name is lower case
from sqlalchemy import Connection, Engine, event, select
from sqlalchemy.engine import make_url
from sqlalchemy.pool import ConnectionPoolEntry
from typing_extensions import override

DRIVER = "postgresql+psycopg2"
#: Connections that a process keeps at most while it does nothing: about what the daemon's threads use at a time.
POOL_SIZE = 4
#: The same for a worker process, of which there may be many. A run uses one, and its watch another for a moment.
WORKER_POOL_SIZE = 1
#: Connections of a process at most; those beyond the ones that it keeps are closed when they are given back.
MAX_CONNECTIONS = 10
#: Seconds that a thread waits for one before it gives up.
POOL_TIMEOUT_SECONDS = 30

_engines: dict[tuple[str, int | None], Engine] = {}
_pool_size = POOL_SIZE
_known_of_schemas: set[tuple[str, str]] = set()
_lock = threading.Lock()
_fork_hook_registered = False


def keep_few_connections() -> None:
    """Let engines that this process and its forked children make from now on keep ``WORKER_POOL_SIZE`` connections."""
    global _pool_size  # noqa: PLW0603 - a property of the process, like the engines
    _pool_size = WORKER_POOL_SIZE


def process_engine(url: str, statement_timeout_ms: int | None = None) -> Engine:
    """Return this process's engine for ``url``, the same one at every call.

    Args:
        url: SQLAlchemy URL, ``postgresql+psycopg2://user:password@host:port/database``.
        statement_timeout_ms: PostgreSQL's ``statement_timeout`` on its connections, in milliseconds; None for no limit.

    Raises:
        ValueError: where the URL names another driver than psycopg2, the only one that dagster-postgres works with.
    """
    global _fork_hook_registered  # noqa: PLW0603 - os.register_at_fork cannot be undone, so it is done once and only when needed
    drivername = make_url(url).drivername
    if drivername != DRIVER:
        raise ValueError(
            f"Dagster's storage was given a URL that starts with {drivername}://. It works with psycopg2 only: write"
            f" DAGSTER_POSTGRES_URL={DRIVER}://user:password@host:port/database"
        )
    with _lock:
        if not _fork_hook_registered:
            os.register_at_fork(after_in_child=_forget_parents_connections)
            _fork_hook_registered = True
        engine = _engines.get((url, statement_timeout_ms))
        if engine is None:
            engine = _engines[url, statement_timeout_ms] = _create_engine(url, statement_timeout_ms)
        return engine


def _create_engine(url: str, statement_timeout_ms: int | None) -> Engine:
    engine = create_pg_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=_pool_size,
        max_overflow=MAX_CONNECTIONS - _pool_size,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        # A restarted PostgreSQL costs a reconnect, not a failed run.
        pool_pre_ping=True,
        connect_args={"application_name": "summary-pipeline dagster", "connect_timeout": 10},
    )
    if statement_timeout_ms is not None:

        def set_statement_timeout(connection: PsycopgConnection, _entry: ConnectionPoolEntry) -> None:
            with connection, closing(connection.cursor()) as cursor:
                cursor.execute("SET statement_timeout = %s", (statement_timeout_ms,))

        event.listen(engine, "connect", set_statement_timeout)
    return engine


def _forget_parents_connections() -> None:
    """Give a forked child empty pools: a socket that two processes write to is a broken one."""
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it at the fork
    _lock = threading.Lock()
    for engine in _engines.values():
        engine.dispose(close=False)


class _PooledStorage:
    """Puts one of dagster-postgres's storages on the process's engine."""

    postgres_url: str
    _engine: Engine

    def use_process_engine(self) -> None:
        self._engine = process_engine(self.postgres_url)

    def remember_if_true(self, fact: str, look: Callable[[], bool]) -> bool:
        """Look at the schema until ``fact`` holds, and never again in this process: migrations only add."""
        known = (self.postgres_url, fact) in _known_of_schemas or look()
        if known:
            _known_of_schemas.add((self.postgres_url, fact))
        return known

    def optimize_for_webserver(self, statement_timeout: int, pool_recycle: int, max_overflow: int) -> None:  # noqa: ARG002 - the pool is ours already; only the limit on statements is new
        """Cut the webserver's statements at ``statement_timeout`` milliseconds, still on one pool."""
        self._engine = process_engine(self.postgres_url, statement_timeout)


class PooledRunStorage(_PooledStorage, PostgresRunStorage):
    """Runs, daemon heartbeats and cursors."""

    @override
    def has_run_stats_index_cols(self) -> bool:
        return self.remember_if_true("run start and end times", super().has_run_stats_index_cols)

    @override
    def has_backfill_id_column(self) -> bool:
        return self.remember_if_true("backfill ids of runs", super().has_backfill_id_column)


class PooledEventLogStorage(_PooledStorage, PostgresEventLogStorage):
    """Event logs, asset keys and dynamic partitions. An asset's newest materialization is not lost to an older one."""

    @override
    def has_table(self, table_name: str) -> bool:
        return self.remember_if_true(f"table {table_name}", partial(super().has_table, table_name))

    @override
    def _store_asset_event(self, conn: Connection, event: EventLogEntry, event_id: int) -> None:
        """Keep an asset's newest materialization where two runs store theirs at once, whichever comes last.

        A step records its id as what its input was, and a later event of the input's partition then looks like a change
        ("Unsynced" in the UI). With an older one in its place, the input's own event is such a later one. The row is
        there to be locked: a run's plan made it.
        """
        materialized = event.dagster_event_type is DagsterEventType.ASSET_MATERIALIZATION
        if not materialized or self._newest_materialization(conn, event) < event_id:
            super()._store_asset_event(conn, event, event_id)

    def _newest_materialization(self, conn: Connection, event: EventLogEntry) -> int:
        """Lock the row of an event's asset, and return the id of the materialization in it; 0 for none."""
        key = event.get_dagster_event().asset_key
        row = AssetKeyTable.c.asset_key == (key.to_string() if key else None)
        stored = conn.scalar(select(AssetKeyTable.c.last_materialization).where(row).with_for_update())
        # Not in SQL: Dagster writes what PostgreSQL does not take for JSON, such as NaN.
        return int(json.loads(stored or "{}").get("storage_id") or 0)


class PooledScheduleStorage(_PooledStorage, PostgresScheduleStorage):
    """Sensor and schedule states and ticks."""


class PooledPostgresStorage(DagsterPostgresStorage):
    """What ``dagster.yaml`` names under ``storage: custom:``; ``config`` is ``postgres_url`` alone."""

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        process_engine(postgres_url)  # refuses an unusable URL before anything connects
        # Looking for the tables takes three connections; once a process has seen them, they are there.
        look_for_tables = (postgres_url, "all tables") not in _known_of_schemas
        super().__init__(postgres_url, should_autocreate_tables=look_for_tables, inst_data=inst_data)
        _known_of_schemas.add((postgres_url, "all tables"))
        run_storage = PooledRunStorage(postgres_url, should_autocreate_tables=False)
        event_log_storage = PooledEventLogStorage(postgres_url, should_autocreate_tables=False)
        schedule_storage = PooledScheduleStorage(postgres_url, should_autocreate_tables=False)
        for storage in (run_storage, event_log_storage, schedule_storage):
            storage.use_process_engine()
        self._run_storage = run_storage
        self._event_log_storage = event_log_storage
        self._schedule_storage = schedule_storage

    @classmethod
    @override
    def config_type(cls) -> UserConfigSchema:
        return {"postgres_url": Field(StringSource)}

    @classmethod
    @override
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        return cls(postgres_url=config_value["postgres_url"], inst_data=inst_data)
