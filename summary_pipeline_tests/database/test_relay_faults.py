"""The relay, interrupted between any two of its steps; what Kafka and the outbox hold after the next pass."""

import json
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import Engine

from summary_pipeline.database.errors import DatabaseError, TransientDatabaseError
from summary_pipeline.database.models import OutboxEvent
from summary_pipeline.database.outbox_producer import BrokerUnavailableError, OutboxProducer
from summary_pipeline.database.relay import Relay, RelayReport
from summary_pipeline.resources.kafka_producer import KafkaProducer
from summary_pipeline_tests.database.faults import (
    Action,
    Crash,
    before_step,
    commit_whose_answer_is_lost,
    crash,
    cut,
)
from summary_pipeline_tests.database.outbox import add, end_backoff, new_topic, numbers, unpublished
from summary_pipeline_tests.database.rows import all_of
from summary_pipeline_tests.kafka_support import read_all

pytestmark = pytest.mark.servers

ROWS = 2
READING_STEPS = 2
"""Of the transaction that reads the outbox: time-outs, rows."""
ROW_STEPS = 7
"""Of each row's transaction: time-outs, lock, longest send, row, published, failure forgotten, commit."""


class Interrupted:
    """A real producer that is interrupted before or after its ``point``-th message has been acknowledged."""

    def __init__(self, producer: OutboxProducer, point: int, error: BaseException, *, after: bool) -> None:
        self._producer, self._point, self._error, self._after = producer, point, error, after
        self._sent = 0

    def send(
        self, topic: str, *, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]] = ()
    ) -> None:
        self._sent += 1
        if self._sent == self._point and not self._after:
            raise self._error
        self._producer.send(topic, key=key, value=value, headers=headers)
        if self._sent == self._point:
            raise self._error


def fill(engine: Engine, topic: str) -> None:
    """Put the rows of one video in."""
    for number in range(ROWS):
        add(engine, topic, number)


def require_all_published_in_order(engine: Engine, bootstrap: str, topic: str, what: str) -> None:
    sent = numbers(bootstrap, topic)[b"7"]
    assert set(sent) == set(range(ROWS)), what
    assert sent == sorted(sent), what
    assert len(sent) <= ROWS + 1, what
    assert all(row.published for row in all_of(engine, OutboxEvent) if row.topic == topic), what


def interrupt_everywhere(
    engine: Engine, producer: KafkaProducer, bootstrap: str, action: Action, raises: type[BaseException]
) -> int:
    """Interrupt a pass at each step in turn, until one runs through; return how many steps there were."""
    point = 0
    while True:
        point += 1
        topic = new_topic(bootstrap)
        fill(engine, topic)
        with before_step(engine, point, action) as trigger:
            try:
                Relay(engine, producer).run_once()
            except raises:
                assert trigger.fired
        Relay(engine, producer).run_once()
        require_all_published_in_order(engine, bootstrap, topic, f"interrupted at step {point}")
        if not trigger.fired:
            return point - 1


def test_a_crash_before_any_statement_or_commit_loses_nothing(
    engine: Engine, producer: KafkaProducer, kafka_address: str
) -> None:
    assert interrupt_everywhere(engine, producer, kafka_address, crash, Crash) > ROWS * ROW_STEPS


def test_a_connection_lost_before_any_statement_or_commit_loses_nothing(
    engine: Engine, other_engine: Engine, producer: KafkaProducer, kafka_address: str
) -> None:
    assert interrupt_everywhere(engine, producer, kafka_address, cut(other_engine), DatabaseError) > ROWS * ROW_STEPS


@pytest.mark.parametrize("point", range(1, ROWS + 1))
@pytest.mark.parametrize("after", [False, True], ids=["before it is sent", "after it was acknowledged"])
@pytest.mark.parametrize("error", [Crash, lambda: BrokerUnavailableError("no answer")], ids=["crash", "no answer"])
def test_a_send_that_is_interrupted_is_repeated_before_the_next_row(
    engine: Engine,
    producer: KafkaProducer,
    kafka_address: str,
    topic: str,
    point: int,
    error: Callable[[], BaseException],
    *,
    after: bool,
) -> None:
    fill(engine, topic)
    interrupted = Relay(engine, Interrupted(producer, point, error(), after=after))
    try:
        report = interrupted.run_once()
    except Crash:
        pass
    else:
        assert report.outage == "no answer"
    assert numbers(kafka_address, topic).get(b"7", []) == list(range(point if after else point - 1))
    relay = Relay(engine, producer)
    end_backoff(engine)
    relay.run_once()
    require_all_published_in_order(engine, kafka_address, topic, "after the next pass")


def test_a_connection_lost_between_acknowledgement_and_commit_repeats_the_same_event(
    engine: Engine, other_engine: Engine, producer: KafkaProducer, kafka_address: str, topic: str
) -> None:
    event_id = add(engine, topic, 1)
    with (
        before_step(engine, READING_STEPS + ROW_STEPS, cut(other_engine)) as trigger,
        pytest.raises(TransientDatabaseError),
    ):
        Relay(engine, producer).run_once()
    assert trigger.fired
    assert unpublished(engine) == {event_id: 0}
    assert Relay(engine, producer).run_once().published == 1
    values = [message.value() for message in read_all(kafka_address, topic)]
    assert [json.loads(value)["id"] for value in values if isinstance(value, bytes)] == [str(event_id)] * 2


def test_a_connection_lost_after_the_commit_repeats_nothing(
    engine: Engine, other_engine: Engine, producer: KafkaProducer, kafka_address: str, topic: str
) -> None:
    add(engine, topic, 1)
    with commit_whose_answer_is_lost(engine, other_engine), pytest.raises(TransientDatabaseError):
        Relay(engine, producer).run_once()
    assert Relay(engine, producer).run_once() == RelayReport()
    assert numbers(kafka_address, topic) == {b"7": [1]}
