"""The relay where Kafka refuses a row, or does not answer."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from confluent_kafka import KafkaError
from sqlalchemy import Engine

from summary_pipeline.database.own_models import OutboxFailure
from summary_pipeline.database.relay import Relay, RelayReport, release_parked
from summary_pipeline.database.relay_rules import RelaySettings
from summary_pipeline.local.ports import free_port
from summary_pipeline.resources.kafka_producer import open_producer
from summary_pipeline_tests.database.outbox import add, end_backoff, numbers, unpublished
from summary_pipeline_tests.database.rows import all_of
from summary_pipeline_tests.kafka_faults import RefusingKafka, refusing_kafka

pytestmark = pytest.mark.servers


@pytest.fixture
def refusing() -> Iterator[RefusingKafka]:
    with refusing_kafka() as kafka:
        yield kafka


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
