"""The relay as a process: until it is stopped, through outages, and where it must end."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from summary_pipeline.database.compatibility import IncompatibleTablesError
from summary_pipeline.database.relay import Relay
from summary_pipeline.database.relay_rules import RelaySettings
from summary_pipeline.local.kafka_broker import MockKafka
from summary_pipeline.local.ports import free_port
from summary_pipeline.resources.kafka_producer import KafkaProducer, open_producer
from summary_pipeline_tests.database.outbox import add, numbers, unpublished
from summary_pipeline_tests.waiting import eventually

pytestmark = pytest.mark.servers


def test_the_relay_runs_until_it_is_stopped(
    engine: Engine, producer: KafkaProducer, kafka_address: str, topic: str
) -> None:
    stop = threading.Event()
    relay = Relay(engine, producer, RelaySettings(poll_seconds=0.02, batch_size=1))
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(relay.run_forever, stop)
        for number in range(3):
            add(engine, topic, number)
        eventually(lambda: not unpublished(engine), "all rows published")
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
        eventually(lambda: any(unpublished(engine).values()), "an attempt that failed")
        rename_table(engine, schema, "outbox_events", "hidden")
        with MockKafka(tmp_path / "kafka", port=port) as broker:
            eventually(lambda: "does not exist" in caplog.text, "the missing table noticed")
            rename_table(engine, schema, "hidden", "outbox_events")
            eventually(lambda: not unpublished(engine), "all rows published")
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
