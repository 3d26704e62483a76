"""What the relay sends: rows of the outbox in a real PostgreSQL, messages in a Kafka broker."""

import json

import pytest
from sqlalchemy import Engine

from summary_pipeline.database import relay as relay_module
from summary_pipeline.database.models import OutboxEvent
from summary_pipeline.database.relay import Relay, RelayReport
from summary_pipeline.database.relay_rules import RelaySettings
from summary_pipeline.resources.kafka_producer import KafkaProducer
from summary_pipeline_tests.database.outbox import START, add, new_topic, numbers
from summary_pipeline_tests.database.rows import add_video, all_of, persist, request
from summary_pipeline_tests.kafka_support import read_all

pytestmark = pytest.mark.servers


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
    other = new_topic(kafka_address)
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
