"""One transaction: everything in it is there, or nothing.

Belongs here: its boundaries. Does not belong here: statements.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from summary_pipeline.database.errors import typed_errors


class UnitOfWork:
    """A session that is rolled back at the end unless ``commit`` was called."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def commit(self) -> None:
        """Make everything durable; the unit ends here.

        If the connection is lost meanwhile, it is unknown whether PostgreSQL committed: repeat the whole unit, and let
        ``processed_messages`` answer.
        """
        self.session.commit()


@contextmanager
def unit_of_work(engine: Engine, doing: str) -> Iterator[UnitOfWork]:
    """Yield a unit of work; ``doing`` says in errors what was attempted.

    Raises:
        DatabaseError: typed, for whatever SQLAlchemy raises inside.
    """
    with typed_errors(doing), Session(engine, expire_on_commit=False) as session:
        yield UnitOfWork(session)
