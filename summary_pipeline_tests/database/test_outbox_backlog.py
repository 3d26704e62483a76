from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert

from summary_pipeline.database.outbox_backlog import OutboxBacklog, outbox_backlog, outbox_troubles
from summary_pipeline.database.own_models import OutboxFailure
from summary_pipeline_tests.database.outbox import add

pytestmark = pytest.mark.servers

TOPIC = "video.summarized"
HOUR = 3600.0


def ago(seconds: float) -> datetime:
    return datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=seconds)


def add_failure(engine: Engine, **columns: object) -> None:
    with engine.begin() as connection:
        connection.execute(insert(OutboxFailure).values(last_error="x", next_attempt_at=ago(0), **columns))


def test_the_backlog_of_an_empty_outbox_is_nothing(engine: Engine) -> None:
    assert outbox_backlog(engine) == OutboxBacklog(unpublished=0, parked=0, oldest_seconds=None)


def test_the_backlog_tells_number_and_age_and_keeps_parked_rows_apart(engine: Engine) -> None:
    parked = add(engine, TOPIC, 1, created_at=ago(9 * HOUR))
    add(engine, TOPIC, 2, created_at=ago(HOUR))
    add(engine, TOPIC, 3, published=True)
    add_failure(engine, event_id=parked, parked_at=ago(0))
    backlog = outbox_backlog(engine)
    assert (backlog.unpublished, backlog.parked) == (2, 1)
    assert backlog.oldest_seconds == pytest.approx(HOUR, abs=60)


def test_only_unpublished_rows_with_a_failure_are_in_trouble(engine: Engine) -> None:
    failed = add(engine, TOPIC, 1)
    add(engine, TOPIC, 2)
    published = add(engine, TOPIC, 3, published=True)
    for event_id in (failed, published):
        add_failure(engine, event_id=event_id, failures=2)
    (trouble,) = outbox_troubles(engine)
    assert (trouble.event_id, trouble.failures, trouble.parked_at) == (failed, 2, None)
