"""Making SQLAlchemy engines.

Belongs here: connection parameters, pool, time-outs, the schema that statements mean. Nothing is kept in globals.
Does not belong here: reading settings, or any statement on a table.
"""

import json
import time
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, select, true

from summary_pipeline.database.errors import typed_errors

DRIVER: Final = "postgresql+psycopg2"
"""Named in full: a bare ``postgresql://`` means another driver since SQLAlchemy 2.1."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Where the database is and who we are there."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)

    def url(self) -> URL:
        """Return the SQLAlchemy URL."""
        return URL.create(
            DRIVER,
            username=self.user,
            password=self.password,
            host=self.host,
            port=self.port,
            database=self.database,
        )


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Bounds on every wait, in seconds. PostgreSQL enforces all but ``connect`` and ``pool``."""

    connect: float = 5.0
    pool: float = 10.0
    statement: float = 30.0
    lock: float = 10.0
    idle_in_transaction: float = 60.0


DEFAULT_TIMEOUTS: Final = Timeouts()


def create_database_engine(
    address: DatabaseAddress | URL | str,
    *,
    schema: str,
    application_name: str = "summary-pipeline",
    pool_size: int = 2,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
) -> Engine:
    """Return an engine on which table names without a schema mean ``schema``. It connects when first used.

    Time-outs and the time zone (UTC) are set in each transaction and not for the connection, so that they also hold,
    and stay ours, behind a pooler that lends a connection per transaction.
    """
    url = address.url() if isinstance(address, DatabaseAddress) else make_url(address)
    engine = create_engine(
        url.set(drivername=DRIVER),
        pool_pre_ping=True,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=timeouts.pool,
        pool_recycle=1800,
        json_serializer=dump_json,
        hide_parameters=True,
        execution_options={"schema_translate_map": {None: schema}},
        connect_args={
            "application_name": application_name,
            "connect_timeout": max(2, round(timeouts.connect)),
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": round(timeouts.statement * 2000),
        },
    )
    local_settings = {
        "statement_timeout": _milliseconds(timeouts.statement),
        "lock_timeout": _milliseconds(timeouts.lock),
        "idle_in_transaction_session_timeout": _milliseconds(timeouts.idle_in_transaction),
        "TimeZone": "UTC",
    }
    event.listen(engine, "begin", lambda connection: set_for_transaction(connection, local_settings))
    return engine


def set_for_transaction(connection: Connection, settings: dict[str, str]) -> None:
    """Set PostgreSQL parameters until the transaction ends."""
    local = true()
    connection.execute(select(*(func.set_config(name, value, local) for name, value in settings.items())))


def dump_json(value: object) -> str:
    """Write JSON as the neighbour's ``JSON.stringify`` does.

    Raises:
        ValueError: it holds NaN or an infinity, which are not JSON and which PostgreSQL refuses.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def ping(engine: Engine) -> float:
    """Return the seconds that an answer of the database took.

    Raises:
        DatabaseError: it did not answer.
    """
    started = time.monotonic()
    with typed_errors("asking whether it is there"), engine.connect() as connection:
        connection.execute(select(1))
    return time.monotonic() - started


def _milliseconds(seconds: float) -> str:
    return f"{max(1, round(seconds * 1000))}ms"
