"""The relay while others hold the outbox: its rows, its lock."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, PoolProxiedConnection, select

from summary_pipeline.database.engine import create_database_engine
from summary_pipeline.database.errors import TransientDatabaseError
from summary_pipeline.database.models import OutboxEvent
from summary_pipeline.database.outbox_producer import OutboxProducer
from summary_pipeline.database.relay import Relay, RelayReport
from summary_pipeline.database.relay_rules import RelaySettings
from summary_pipeline.resources.kafka_producer import KafkaProducer, open_producer
from summary_pipeline_tests.database.faults import before_step, end_session
from summary_pipeline_tests.database.outbox import add, numbers, unpublished

pytestmark = pytest.mark.servers


class Wrapped:
    """A real producer with something done around each send."""

    def __init__(
        self,
        producer: OutboxProducer,
        *,
        before: Callable[[], None] = lambda: None,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        self._producer, self._before, self._after = producer, before, after

    def send(
        self, topic: str, *, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]] = ()
    ) -> None:
        self._before()
        self._producer.send(topic, key=key, value=value, headers=headers)
        self._after()


def test_a_row_that_somebody_holds_is_skipped_with_the_later_ones_of_its_video(
    engine: Engine, producer: KafkaProducer, other_engine: Engine, topic: str
) -> None:
    held, later = add(engine, topic, 1), add(engine, topic, 2)
    add(engine, topic, 3, video_id=8)
    with other_engine.begin() as connection:
        connection.execute(select(OutboxEvent.id).where(OutboxEvent.id == held).with_for_update())
        assert Relay(engine, producer).run_once() == RelayReport(published=1, held_back=1)
    assert set(unpublished(engine)) == {held, later}


def test_while_one_relay_is_sending_another_stands_by(
    engine: Engine, other_engine: Engine, producer: KafkaProducer, kafka_address: str, topic: str
) -> None:
    add(engine, topic, 1)
    reports: list[RelayReport] = []

    def run_the_other() -> None:
        reports.append(Relay(other_engine, producer).run_once())

    assert Relay(engine, Wrapped(producer, before=run_the_other)).run_once().published == 1
    assert reports == [RelayReport(standby=True)]
    assert numbers(kafka_address, topic) == {b"7": [1]}


def test_relays_at_once_publish_each_row_once_and_in_order(
    engine: Engine, database_url: str, schema: str, kafka_address: str, topic: str
) -> None:
    rows, videos = 120, 5
    for number in range(rows):
        add(engine, topic, number, video_id=number % videos)

    def publish(_relay: int) -> int:
        own = create_database_engine(database_url, schema=schema)
        published = 0
        with open_producer(kafka_address) as producer:
            relay = Relay(own, producer, RelaySettings(batch_size=7))
            while unpublished(own):
                published += relay.run_once().published
        own.dispose()
        return published

    with ThreadPoolExecutor(3) as threads:
        shares = list(threads.map(publish, range(3)))
    assert sum(shares) == rows
    assert numbers(kafka_address, topic) == {
        str(video).encode(): list(range(video, rows, videos)) for video in range(videos)
    }


def test_a_relay_that_lost_its_lock_while_sending_does_not_undo_what_another_did(
    engine: Engine, other_engine: Engine, producer: KafkaProducer, kafka_address: str, topic: str
) -> None:
    add(engine, topic, 1)
    sessions: list[int] = []

    def note_session(connection: PoolProxiedConnection) -> None:
        assert connection.driver_connection is not None
        sessions.append(connection.driver_connection.get_backend_pid())

    def be_overtaken() -> None:
        end_session(other_engine, sessions[0])
        assert Relay(other_engine, producer).run_once().published == 1

    with before_step(engine, 4, note_session), pytest.raises(TransientDatabaseError):
        Relay(engine, Wrapped(producer, before=be_overtaken)).run_once()
    assert unpublished(engine) == {}
    assert numbers(kafka_address, topic) == {b"7": [1, 1]}
