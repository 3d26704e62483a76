"""The relay, interrupted between any two of its steps; what Kafka and the outbox hold after the next pass."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine, insert, update

from summary_pipeline.database.engine import create_database_engine
from summary_pipeline.database.errors import DatabaseError
from summary_pipeline.database.models import OutboxEvent
from summary_pipeline.database.outbox_producer import BrokerUnavailableError, OutboxProducer
from summary_pipeline.database.own_models import OutboxFailure
from summary_pipeline.database.relay import Relay
from summary_pipeline.resources.kafka_producer import KafkaProducer, open_producer
from summary_pipeline_tests.database.faults import Action, Crash, before_step, crash, cut
from summary_pipeline_tests.database.rows import all_of
from summary_pipeline_tests.kafka_support import TopicWriter, read_all

pytestmark = pytest.mark.servers

START = datetime(2024, 1, 1)  # noqa: DTZ001 - as the column holds it
FEWEST_STEPS = 2 * 7
"""Of two rows, each: time-outs, lock, longest send, row, published, failure forgotten, commit."""
ROWS = 2


@pytest.fixture
def killer(database_url: str, schema: str) -> Iterator[Engine]:
    """Another process's connections."""
    engine = create_database_engine(database_url, schema=schema)
    yield engine
    engine.dispose()


@pytest.fixture
def producer(kafka_address: str) -> Iterator[KafkaProducer]:
    with open_producer(kafka_address) as opened:
        yield opened


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
    with engine.begin() as connection:
        for number in range(ROWS):
            created_at = START + timedelta(seconds=number)
            payload = {"id": str(uuid4()), "videoId": 7, "number": number}
            row = {"id": uuid4(), "topic": topic, "payload": payload, "created_at": created_at}
            connection.execute(insert(OutboxEvent).values(row))


def sent(bootstrap: str, topic: str) -> list[int]:
    return [json.loads(message.value() or b"")["number"] for message in read_all(bootstrap, topic)]


def require_all_published_in_order(engine: Engine, bootstrap: str, topic: str, what: str) -> None:
    numbers = sent(bootstrap, topic)
    assert set(numbers) == set(range(ROWS)), what
    assert numbers == sorted(numbers), what
    assert len(numbers) <= ROWS + 1, what
    assert all(row.published for row in all_of(engine, OutboxEvent) if row.topic == topic), what


def interrupt_everywhere(
    engine: Engine, producer: KafkaProducer, bootstrap: str, action: Action, raises: type[BaseException]
) -> int:
    """Interrupt a pass at each step in turn, until one runs through; return how many steps there were."""
    point = 0
    while True:
        point += 1
        topic = TopicWriter(bootstrap, f"relay-{uuid4()}").topic
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
    assert interrupt_everywhere(engine, producer, kafka_address, crash, Crash) > FEWEST_STEPS


def test_a_connection_lost_before_any_statement_or_commit_loses_nothing(
    engine: Engine, killer: Engine, producer: KafkaProducer, kafka_address: str
) -> None:
    assert interrupt_everywhere(engine, producer, kafka_address, cut(killer), DatabaseError) > FEWEST_STEPS


@pytest.mark.parametrize("point", range(1, ROWS + 1))
@pytest.mark.parametrize("after", [False, True], ids=["before it is sent", "after it was acknowledged"])
@pytest.mark.parametrize("error", [Crash, lambda: BrokerUnavailableError("no answer")], ids=["crash", "no answer"])
def test_a_send_that_is_interrupted_is_repeated_before_the_next_row(
    engine: Engine,
    producer: KafkaProducer,
    kafka_address: str,
    point: int,
    error: Callable[[], BaseException],
    *,
    after: bool,
) -> None:
    topic = TopicWriter(kafka_address, f"relay-{uuid4()}").topic
    fill(engine, topic)
    interrupted = Relay(engine, Interrupted(producer, point, error(), after=after))
    try:
        report = interrupted.run_once()
    except Crash:
        pass
    else:
        assert report.outage == "no answer"
    assert sent(kafka_address, topic) == list(range(point if after else point - 1))
    relay = Relay(engine, producer)
    end_waits(engine)
    relay.run_once()
    require_all_published_in_order(engine, kafka_address, topic, "after the next pass")


def end_waits(engine: Engine) -> None:
    """Let a row that failed be due."""
    with engine.begin() as connection:
        connection.execute(update(OutboxFailure).values(next_attempt_at=START))
