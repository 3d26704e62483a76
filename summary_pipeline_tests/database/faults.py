"""Faults at chosen points of a transaction, on a real connection."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from sqlalchemy import Connection, Engine, PoolProxiedConnection, event, func, select


class Crash(BaseException):
    """Like a process that dies: no handler for ``Exception`` may swallow it."""


Action = Callable[[PoolProxiedConnection], None]


@dataclass
class Trigger:
    """Does something before the ``point``-th step of a transaction: a statement, or the commit."""

    point: int
    action: Action
    seen: int = 0
    fired: bool = False

    def step(self, connection: PoolProxiedConnection) -> None:
        self.seen += 1
        if self.seen == self.point:
            self.fired = True
            self.action(connection)


@contextmanager
def before_step(engine: Engine, point: int, action: Action) -> Iterator[Trigger]:
    """Do ``action`` before the statement or commit number ``point``, counted from 1 and from here."""
    trigger = Trigger(point, action)
    commit = engine.dialect.do_commit

    def statement(connection: Connection, *_arguments: object) -> None:
        trigger.step(connection.connection)

    def step_and_commit(connection: PoolProxiedConnection) -> None:
        trigger.step(connection)
        commit(connection)

    event.listen(engine, "before_cursor_execute", statement)
    try:
        # SQLAlchemy's event for a commit is no place to raise from; inside of the driver call is.
        with patch.object(engine.dialect, "do_commit", step_and_commit):
            yield trigger
    finally:
        event.remove(engine, "before_cursor_execute", statement)


@contextmanager
def commit_whose_answer_is_lost(engine: Engine, killer: Engine) -> Iterator[None]:
    """PostgreSQL commits; the connection ends before the client hears of it."""
    commit = engine.dialect.do_commit

    def commit_and_lose(connection: PoolProxiedConnection) -> None:
        commit(connection)
        end_session(killer, backend_of(connection))
        connection.cursor().execute("SELECT 1")

    with patch.object(engine.dialect, "do_commit", commit_and_lose):
        yield


def crash(_connection: PoolProxiedConnection) -> None:
    raise Crash


def cut(killer: Engine) -> Action:
    """Return an action that ends the connection's server process, seen from another connection."""
    return lambda connection: end_session(killer, backend_of(connection))


def backend_of(connection: PoolProxiedConnection) -> int:
    """Return the server process of a connection, without a statement on it."""
    assert connection.driver_connection is not None
    return int(connection.driver_connection.get_backend_pid())


def end_session(killer: Engine, backend: int) -> None:
    """End a server process and return once it is gone."""
    with killer.connect() as connection:
        ended = connection.execute(select(func.pg_terminate_backend(backend, 10_000)))
        assert ended.scalar_one()
