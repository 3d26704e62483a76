"""``summary-pipeline outbox`` on real PostgreSQL."""

import uuid
from datetime import datetime

import pytest
from sqlalchemy import Engine, insert

from summary_pipeline.database.models import OutboxEvent
from summary_pipeline.database.outbox_backlog import outbox_troubles
from summary_pipeline.database.own_models import OutboxFailure
from summary_pipeline_tests.commands.conftest import Run, RunOnTerminal

pytestmark = pytest.mark.servers

LONG_AGO = datetime(2024, 1, 1)  # noqa: DTZ001 -- as the database has it, in UTC without a zone


def put(engine: Engine, *, parked: bool, error: str = "too large") -> str:
    """Write an outbox row that could not be published, and return its id."""
    row_id = uuid.uuid4()
    with engine.begin() as connection:
        connection.execute(insert(OutboxEvent).values(id=row_id, topic="video.summarized", payload={}))
        connection.execute(
            insert(OutboxFailure).values(
                event_id=row_id,
                failures=12,
                rejections=10,
                last_error=error,
                next_attempt_at=LONG_AGO,
                parked_at=LONG_AGO if parked else None,
            )
        )
    return str(row_id)


def parked(engine: Engine) -> set[str]:
    return {str(row.event_id) for row in outbox_troubles(engine) if row.parked_at is not None}


def test_an_outbox_without_trouble_says_so(engine: Engine, run: Run) -> None:
    assert engine
    result = run("outbox", "parked")
    assert (result.exit_code, result.output) == (0, "0 unpublished row(s), 0 of them parked.\n")


def test_parked_rows_and_others_are_told_apart_and_the_backlog_is_counted(engine: Engine, run: Run) -> None:
    row, other = put(engine, parked=True, error="too \x1b[31mlarge"), put(engine, parked=False)
    output = run("outbox", "parked").output
    lines = {name: line for line in output.splitlines() for name in (row, other) if name in line}
    assert "parked 2024-01-01T00:00:00" in lines[row]
    assert r"too \x1b[31mlarge" in lines[row]
    assert "next attempt 2024-01-01T00:00:00" in lines[other]
    assert "2 unpublished row(s), 1 of them parked; the oldest that is not parked waits for " in output


def test_a_narrow_terminal_breaks_no_id_and_no_time(engine: Engine, run_on_terminal: RunOnTerminal) -> None:
    row, other = put(engine, parked=True, error="refused: " + "x" * 100), put(engine, parked=False)
    lines = run_on_terminal("outbox", "parked", columns=80)
    assert lines[:2] == [f"{'row':<38}{'state (UTC)':<32}".rstrip(), "    last error"]
    assert f"{row}  parked 2024-01-01T00:00:00" in lines
    assert f"    refused: {'x' * 100}" in lines
    assert f"{other}  next attempt 2024-01-01T00:00:00" in lines


def test_a_released_row_is_parked_no_more(engine: Engine, run: Run) -> None:
    row, other = put(engine, parked=True), put(engine, parked=True)
    result = run("outbox", "release", row)
    assert (result.exit_code, result.output) == (0, "1 row(s) released; the relay tries them at its next poll.\n")
    assert parked(engine) == {other}


def test_all_releases_every_parked_row_and_no_other(engine: Engine, run: Run) -> None:
    put(engine, parked=True)
    put(engine, parked=True)
    waiting = put(engine, parked=False)
    assert run("outbox", "release", "--all").exit_code == 0
    assert [str(row.event_id) for row in outbox_troubles(engine)] == [waiting]


def test_a_row_that_is_not_parked_is_named_and_the_others_are_released(engine: Engine, run: Run) -> None:
    row, waiting = put(engine, parked=True), put(engine, parked=False)
    result = run("outbox", "release", row, waiting)
    assert result.exit_code == 1
    assert f"{waiting} is not parked." in result.stderr
    assert parked(engine) == set()


@pytest.mark.parametrize("arguments", [(), ("--all", str(uuid.uuid4())), ("seven",)])
def test_it_has_to_be_said_what_is_released(engine: Engine, run: Run, arguments: tuple[str, ...]) -> None:
    assert engine
    assert run("outbox", "release", *arguments).exit_code == 2
