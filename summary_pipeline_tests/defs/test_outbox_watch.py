"""The sweep tells when the outbox stands still."""

import logging
import uuid
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from sqlalchemy import insert, update

from summary_pipeline.database.models import OutboxEvent
from summary_pipeline.database.outbox_backlog import OutboxBacklog, OutboxTrouble
from summary_pipeline.database.own_models import OutboxFailure
from summary_pipeline.defs.outbox_watch import OutboxState, outbox_state, stored_state, tell
from summary_pipeline.resources.factories import build_resources
from summary_pipeline_tests.defs.platform import Platform

NOW = datetime(2024, 1, 1, 12)  # noqa: DTZ001 -- as the database has it, in UTC without a zone


def parked_row(number: int = 1) -> OutboxTrouble:
    return OutboxTrouble(uuid.UUID(int=number), "video.summarized", NOW, 10, 10, "too large", NOW, NOW)


@pytest.mark.parametrize(("oldest", "late"), [(None, False), (300.0, False), (300.5, True)])
def test_the_outbox_is_late_when_its_oldest_row_is(oldest: float | None, *, late: bool) -> None:
    assert outbox_state(OutboxBacklog(1, 0, oldest), [], late_seconds=300).late is late


@pytest.mark.parametrize("cursor", [None, "", "{}", "no json", '{"other": 1}', "[]"])
def test_a_cursor_that_tells_nothing_means_that_all_was_well(cursor: str | None) -> None:
    assert stored_state(cursor) == OutboxState()


def test_the_cursor_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    state = OutboxState(late=True, parked=("a", "b"))
    assert stored_state(state.model_dump_json()) == state
    assert not caplog.records


def test_late_and_parked_rows_are_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    rows = [parked_row(number) for number in range(1, 26)]
    backlog = OutboxBacklog(unpublished=28, parked=25, oldest_seconds=400)
    tell(logging.getLogger("tick"), OutboxState(late=True), backlog, rows)
    messages = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert messages[0].startswith("3 outbox rows are not published, the oldest for 400 s.")
    assert f"Outbox row {uuid.UUID(int=1)} for video.summarized is parked" in messages[1]
    assert len(messages) == 1 + 20 + 1
    assert messages[-1].startswith("5 more are parked")


def test_an_outbox_that_moves_is_not_worth_a_word(caplog: pytest.LogCaptureFixture) -> None:
    tell(logging.getLogger("tick"), OutboxState(), OutboxBacklog(3, 0, 4.0), [])
    assert not caplog.records


def tick(platform: Platform, cursor: str | None) -> dg.SensorResult:
    repository = platform.defs.get_repository_def()
    with dg.build_sensor_context(
        instance=platform.instance, repository_def=repository, resources=build_resources(), cursor=cursor
    ) as context:
        result = repository.get_sensor_def("lost_event_sensor")(context)
    assert isinstance(result, dg.SensorResult)
    return result


def observed(result: dg.SensorResult) -> list[dict[str, object]]:
    return [{name: value.value for name, value in event.metadata.items()} for event in result.asset_events]


@pytest.mark.servers
def test_a_change_is_observed_once_and_so_is_its_end(platform: Platform) -> None:
    first = tick(platform, None)
    assert observed(first) == []
    row_id, other = uuid.uuid4(), uuid.uuid4()
    ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1)
    with platform.engine.begin() as connection:
        for number in (row_id, other):
            connection.execute(insert(OutboxEvent).values(id=number, topic="t", payload={}, created_at=ago))
        connection.execute(
            insert(OutboxFailure).values(event_id=row_id, last_error="x", next_attempt_at=ago, parked_at=ago)
        )
    second = tick(platform, first.cursor)
    (metadata,) = observed(second)
    assert (metadata["outbox_unpublished"], metadata["outbox_parked"], metadata["outbox_late"]) == (2, 1, True)
    assert metadata["outbox_parked_rows"] == [str(row_id)]
    assert metadata["outbox_oldest_seconds"] == pytest.approx(3600, abs=60)
    third = tick(platform, second.cursor)
    assert observed(third) == []
    with platform.engine.begin() as connection:
        connection.execute(update(OutboxEvent).values(published=True))
    (metadata,) = observed(tick(platform, third.cursor))
    assert (metadata["outbox_unpublished"], metadata["outbox_late"]) == (0, False)
