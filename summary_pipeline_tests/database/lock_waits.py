"""Sessions that wait for one another."""

from sqlalchemy import Engine, text

from summary_pipeline_tests.waiting import eventually


def await_a_session_that_waits(engine: Engine) -> None:
    """Return once a session of the server waits for a lock that another one holds."""
    eventually(lambda: _waits(engine), "a session that waits for a lock", seconds=10)


def _waits(engine: Engine) -> int:
    with engine.connect() as connection:
        count: int = connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one()
    return count
