"""The outbox relay between a real PostgreSQL and a Kafka broker."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from confluent_kafka import KafkaError
from sqlalchemy import Engine, PoolProxiedConnection, insert, select, text, update

from summary_pipeline.database import relay as relay_module
from summary_pipeline.database.compatibility import IncompatibleTablesError
from summary_pipeline.database.engine import create_database_engine
from summary_pipeline.database.errors import TransientDatabaseError
from summary_pipeline.database.models import OutboxEvent
from summary_pipeline.database.outbox_producer import OutboxProducer
from summary_pipeline.database.own_models import OutboxFailure
from summary_pipeline.database.relay import Relay, RelayReport, release_parked
from summary_pipeline.database.relay_rules import RelaySettings
from summary_pipeline.local.kafka_broker import MockKafka
from summary_pipeline.local.ports import free_port
from summary_pipeline.resources.kafka_producer import KafkaProducer, open_producer
from summary_pipeline_tests.database.faults import (
    Crash,
    before_step,
    commit_whose_answer_is_lost,
    crash,
    cut,
    end_session,
)
from summary_pipeline_tests.database.rows import add_video, all_of, persist, request
from summary_pipeline_tests.kafka_faults import RefusingKafka, refusing_kafka
from summary_pipeline_tests.kafka_support import TopicWriter, read_all

pytestmark = pytest.mark.servers

START = datetime(2024, 1, 1)  # noqa: DTZ001 - as the column holds it
STEPS_BEFORE_COMMIT = 6
"""Time-outs, lock, longest send, row, published, failure forgotten: and then the commit."""


@pytest.fixture
def topic(kafka_address: str) -> str:
    return TopicWriter(kafka_address, f"relay-{uuid4()}").topic


@pytest.fixture
def producer(kafka_address: str) -> Iterator[KafkaProducer]:
    with open_producer(kafka_address) as opened:
        yield opened


@pytest.fixture
def other_engine(database_url: str, schema: str) -> Iterator[Engine]:
    """Another process's connections."""
    engine = create_database_engine(database_url, schema=schema)
    yield engine
    engine.dispose()


@pytest.fixture
def refusing() -> Iterator[RefusingKafka]:
    with refusing_kafka() as kafka:
        yield kafka


def add(engine: Engine, topic: str, number: int, video_id: object = 7, **columns: object) -> UUID:
    """Add the ``number``-th row of the outbox, in order of time."""
    event_id = uuid4()
    payload: dict[str, Any] = {"id": str(event_id), "videoId": video_id, "number": number}
    values: dict[str, Any] = {
        "id": event_id,
        "topic": topic,
        "payload": payload,
        "service": "nestjs",
        "created_at": START + timedelta(seconds=number),
        **columns,
    }
    with engine.begin() as connection:
        connection.execute(insert(OutboxEvent).values(values))
    return event_id


def numbers(bootstrap: str, topic: str) -> dict[bytes | None, list[int]]:
    """Return the numbers of the rows in Kafka by message key, in their order."""
    found: dict[bytes | None, list[int]] = defaultdict(list)
    for message in read_all(bootstrap, topic):
        key, value = message.key(), message.value()
        assert isinstance(value, bytes)
        assert key is None or isinstance(key, bytes)
        found[key].append(json.loads(value)["number"])
    return dict(found)


def unpublished(engine: Engine) -> dict[UUID, int]:
    """Return the unpublished rows and their attempts."""
    return {row.id: row.attempts for row in all_of(engine, OutboxEvent) if not row.published}


def end_backoff(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(OutboxFailure).values(next_attempt_at=START))


def test_a_saved_summary_reaches_kafka(engine: Engine, producer: KafkaProducer, kafka_address: str) -> None:
    add_video(engine, 70)
    outcome = persist(engine, request(70))
    assert Relay(engine, producer).run_once() == RelayReport(published=1)
    (row,) = all_of(engine, OutboxEvent)
    assert (row.published, row.attempts) == (True, 0)
    assert row.published_at is not None
    assert row.published_at > row.created_at
    messages = [m for m in read_all(kafka_address, "video.summarized") if m.key() == b"70"]
    values = [message.value() for message in messages]
    assert isinstance(values[-1], bytes)
    assert json.loads(values[-1]) == row.payload
    assert json.loads(values[-1])["id"] == outcome.outgoing_event_id


def test_rows_of_any_service_and_topic_are_published(
    engine: Engine, producer: KafkaProducer, kafka_address: str, topic: str
) -> None:
    other = TopicWriter(kafka_address, f"relay-{uuid4()}").topic
    add(engine, topic, 1, service="nestjs")
    add(engine, other, 2, service=None)
    assert Relay(engine, producer).run_once().published == 2
    assert (numbers(kafka_address, topic), numbers(kafka_address, other)) == ({b"7": [1]}, {b"7": [2]})


def test_rows_go_out_in_the_order_of_their_times(
    engine: Engine, producer: KafkaProducer, kafka_address: str, topic: str
) -> None:
    for number in (3, 1, 2):
        add(engine, topic, number)
    Relay(engine, producer).run_once()
    assert numbers(kafka_address, topic) == {b"7": [1, 2, 3]}


def test_a_published_row_is_not_sent_again(
    engine: Engine, producer: KafkaProducer, kafka_address: str, topic: str
) -> None:
    add(engine, topic, 1)
    add(engine, topic, 2, published=True)
    Relay(engine, producer).run_once()
    assert Relay(engine, producer).run_once() == RelayReport()
    assert numbers(kafka_address, topic) == {b"7": [1]}


def test_a_row_without_a_video_has_no_key(
    engine: Engine, producer: KafkaProducer, kafka_address: str, topic: str
) -> None:
    add(engine, topic, 1, video_id=None)
    Relay(engine, producer).run_once()
    assert numbers(kafka_address, topic) == {None: [1]}


def test_the_payload_is_sent_as_it_is_stored(
    engine: Engine, producer: KafkaProducer, kafka_address: str, topic: str
) -> None:
    add(engine, topic, 1, payload={"number": 1, "text": "Über \N{GRINNING FACE} \x00", "float": 1.0})
    Relay(engine, producer).run_once()
    (message,) = read_all(kafka_address, topic)
    assert message.value() == '{"number":1,"text":"Über \N{GRINNING FACE} \\u0000","float":1.0}'.encode()


def test_a_pass_is_bounded_and_says_that_there_is_more(engine: Engine, producer: KafkaProducer, topic: str) -> None:
    for number in range(5):
        add(engine, topic, number)
    relay = Relay(engine, producer, RelaySettings(batch_size=2))
    reports = [relay.run_once() for _ in range(3)]
    assert [(report.published, report.more) for report in reports] == [(2, True), (2, True), (1, False)]


def test_any_number_of_rows_is_read_page_by_page(
    engine: Engine, producer: KafkaProducer, kafka_address: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "_PAGE", 2)
    for number in range(7):
        add(engine, topic, number, created_at=START)
    assert Relay(engine, producer).run_once().published == 7
    assert sorted(numbers(kafka_address, topic)[b"7"]) == list(range(7))


def test_a_refused_row_holds_back_its_video_only(engine: Engine, refusing: RefusingKafka) -> None:
    first, second = add(engine, "topic", 1), add(engine, "topic", 2)
    add(engine, "topic", 3, video_id=8)
    refusing.refuse(KafkaError.INVALID_RECORD)
    with open_producer(refusing.address) as producer:
        assert Relay(engine, producer).run_once() == RelayReport(published=1, rejected=1, held_back=1)
    assert unpublished(engine) == {first: 1, second: 0}
    assert numbers(refusing.address, "topic") == {b"8": [3]}


def test_a_refused_row_waits_and_then_goes_out_before_the_later_ones(engine: Engine, refusing: RefusingKafka) -> None:
    add(engine, "topic", 1)
    add(engine, "topic", 2)
    refusing.refuse(KafkaError.INVALID_RECORD)
    with open_producer(refusing.address) as producer:
        relay = Relay(engine, producer)
        relay.run_once()
        assert relay.run_once() == RelayReport(held_back=2)
        end_backoff(engine)
        assert relay.run_once() == RelayReport(published=2)
    assert numbers(refusing.address, "topic") == {b"7": [1, 2]}
    assert all_of(engine, OutboxFailure) == []


def test_a_row_that_is_refused_too_often_is_parked_and_its_video_goes_on(
    engine: Engine, refusing: RefusingKafka
) -> None:
    bad = add(engine, "topic", 1)
    add(engine, "topic", 2)
    refusing.refuse(KafkaError.INVALID_RECORD, times=3)
    with open_producer(refusing.address) as producer:
        relay = Relay(engine, producer, RelaySettings(most_rejections=3))
        reports = []
        for _ in range(3):
            reports.append(relay.run_once())
            end_backoff(engine)
        assert reports[:2] == [RelayReport(rejected=1, held_back=1)] * 2
        assert reports[2] == RelayReport(published=1, rejected=1, parked=1)
        assert relay.run_once() == RelayReport()
    (failure,) = all_of(engine, OutboxFailure)
    assert (failure.event_id, failure.failures, failure.rejections) == (bad, 3, 3)
    assert failure.parked_at is not None
    assert "INVALID_RECORD" in failure.last_error
    assert unpublished(engine) == {bad: 3}


def test_a_parked_row_goes_out_once_a_person_releases_it(engine: Engine, refusing: RefusingKafka) -> None:
    parked, other = add(engine, "topic", 1), uuid4()
    refusing.refuse(KafkaError.INVALID_RECORD)
    with open_producer(refusing.address) as producer:
        relay = Relay(engine, producer, RelaySettings(most_rejections=1))
        assert relay.run_once().parked == 1
        assert release_parked(engine, [parked, other]) == 1
        assert release_parked(engine, [parked]) == 0
        assert relay.run_once().published == 1
    assert numbers(refusing.address, "topic") == {b"7": [1]}


def test_an_outage_ends_the_pass_and_parks_nothing(engine: Engine) -> None:
    first, second = add(engine, "topic", 1), add(engine, "topic", 2, video_id=8)
    with open_producer(f"127.0.0.1:{free_port()}", delivery_seconds=0.2) as producer:
        relay = Relay(engine, producer, RelaySettings(most_rejections=1))
        report = relay.run_once()
        assert report.outage is not None
        assert "_MSG_TIMED_OUT" in report.outage
        assert unpublished(engine) == {first: 1, second: 0}
        relay.run_once()
    assert unpublished(engine) == {first: 1, second: 1}
    assert [(row.parked_at, row.rejections) for row in all_of(engine, OutboxFailure)] == [(None, 0), (None, 0)]


def test_a_row_that_somebody_holds_is_skipped_with_the_later_ones_of_its_video(
    engine: Engine, producer: KafkaProducer, other_engine: Engine, topic: str
) -> None:
    held, later = add(engine, topic, 1), add(engine, topic, 2)
    add(engine, topic, 3, video_id=8)
    with other_engine.begin() as connection:
        connection.execute(select(OutboxEvent.id).where(OutboxEvent.id == held).with_for_update())
        assert Relay(engine, producer).run_once() == RelayReport(published=1, held_back=1)
    assert set(unpublished(engine)) == {held, later}


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


def test_a_crash_before_any_step_loses_nothing_and_keeps_order(
    engine: Engine, producer: KafkaProducer, kafka_address: str, topic: str
) -> None:
    """Before each statement and commit of a row's transaction, of which the send is in the middle."""
    first, _second = add(engine, topic, 1), add(engine, topic, 2)
    reading = 2  # Time-outs, rows: the transaction that reads the outbox.
    for step in range(1, STEPS_BEFORE_COMMIT + 2):
        with before_step(engine, reading + step, crash) as trigger, pytest.raises(Crash):
            Relay(engine, producer).run_once()
        assert trigger.fired
        assert unpublished(engine)[first] == 0
    assert Relay(engine, producer).run_once().published == 2
    sent = numbers(kafka_address, topic)[b"7"]
    assert sent == sorted(sent)
    after_send = 3  # published, failure forgotten, commit
    assert sent == [1] * (after_send + 1) + [2]


def test_a_connection_lost_between_acknowledgement_and_commit_repeats_the_same_event(
    engine: Engine, other_engine: Engine, producer: KafkaProducer, kafka_address: str, topic: str
) -> None:
    event_id = add(engine, topic, 1)
    commit = 2 + STEPS_BEFORE_COMMIT + 1
    with before_step(engine, commit, cut(other_engine)) as trigger, pytest.raises(TransientDatabaseError):
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


def test_the_relay_runs_until_it_is_stopped(
    engine: Engine, producer: KafkaProducer, kafka_address: str, topic: str
) -> None:
    stop = threading.Event()
    relay = Relay(engine, producer, RelaySettings(poll_seconds=0.02, batch_size=1))
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(relay.run_forever, stop)
        for number in range(3):
            add(engine, topic, number)
        wait_until(lambda: not unpublished(engine))
        stop.set()
        running.result(10)
    assert numbers(kafka_address, topic) == {b"7": [0, 1, 2]}


def test_the_relay_goes_on_after_outages_of_both_sides(
    engine: Engine, schema: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stop, port = threading.Event(), free_port()
    add(engine, "video.summarized", 1)
    settings = RelaySettings(poll_seconds=0.02, backoff_seconds=0.02, longest_outage_seconds=0.1)
    with open_producer(f"127.0.0.1:{port}", delivery_seconds=0.5) as producer, ThreadPoolExecutor(1) as threads:
        running = threads.submit(Relay(engine, producer, settings).run_forever, stop)
        wait_until(lambda: any(unpublished(engine).values()))
        rename_table(engine, schema, "outbox_events", "hidden")
        with MockKafka(tmp_path / "kafka", port=port) as broker:
            wait_until(lambda: "does not exist" in caplog.text)
            rename_table(engine, schema, "hidden", "outbox_events")
            wait_until(lambda: not unpublished(engine))
            stop.set()
            running.result(10)
            assert set(numbers(broker.address, "video.summarized")[b"7"]) == {1}


def test_the_relay_ends_where_tables_are_not_as_it_needs_them(
    engine: Engine, schema: str, producer: KafkaProducer
) -> None:
    rename_table(engine, schema, "outbox_failures", "hidden")
    with pytest.raises(IncompatibleTablesError, match="outbox_failures: table missing"):
        Relay(engine, producer).run_forever(threading.Event())


def rename_table(engine: Engine, schema: str, old: str, new: str) -> None:
    with engine.begin() as connection:
        quoted = connection.dialect.identifier_preparer.quote(schema)
        connection.execute(text(f"ALTER TABLE {quoted}.{old} RENAME TO {new}"))


def wait_until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(1000):
        if condition():
            return
        pause.wait(0.02)
    raise TimeoutError("the condition did not come true")
