"""Servers that are out of reach at the start, or go away, and come back: bounded waits, clear errors, no loss."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import dagster as dg
import pytest
from confluent_kafka import KafkaException

from summary_pipeline.build import build_defs
from summary_pipeline.database.errors import TransientDatabaseError
from summary_pipeline.defs.requests import EVENT_SENSOR
from summary_pipeline.defs.run_tags import EVENT_ID
from summary_pipeline.local.kafka_broker import MockKafka
from summary_pipeline.local.ports import free_port
from summary_pipeline.resources.factories import build_resources
from summary_pipeline.settings import load_settings
from summary_pipeline_tests.defs.platform import Platform, snippets
from summary_pipeline_tests.gateway import Gateway, gateway
from summary_pipeline_tests.kafka_support import TopicWriter

pytestmark = pytest.mark.servers

LONGEST_RUN_SECONDS = 60
"""Of one attempt at each asset; a call of the model is repeated for half a minute by itself."""
LONGEST_TICK_SECONDS = 30
"""A tick is cut at 60 s."""
TOLD = {"PostgreSQL": "PostgreSQL failed", "S3": "s3://", "OpenAI": "onnect"}
"""What of a run's error says which server it was."""


@dataclass(frozen=True)
class Way:
    """The platform as the pipeline sees it through a gateway to one server; ``platform`` itself goes around it."""

    server: str
    platform: Platform
    gateway: Gateway

    def summarize(self, video_id: int) -> dg.ExecuteInProcessResult:
        origin = self.platform.add_video(video_id, snippets())
        return self.platform.summarize(video_id, origin)


@pytest.fixture(params=list(TOLD))
def way(request: pytest.FixtureRequest, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    """One attempt an asset: how often Dagster repeats it is not what is asked here."""
    settings = load_settings().platform
    variable, address = {
        "PostgreSQL": ("DB_PORT", str(settings.db_port)),
        "S3": ("AWS_S3_ENDPOINT", settings.s3_endpoint or ""),
        "OpenAI": ("OPENAI_BASE_URL", settings.openai_base_url),
    }[request.param]
    port = int(address) if address.isdigit() else urlsplit(address).port
    assert port is not None
    with gateway(port) as closed:
        monkeypatch.setenv(variable, address.replace(str(port), str(closed.port)))
        monkeypatch.setenv("SUMMARY_RETRY_ATTEMPTS", "1")
        yield Way(request.param, replace(platform, defs=build_defs()), closed)


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    data = event.step_failure_data.user_failure_data
    assert data is not None
    return data.description or ""


def test_a_server_that_is_away_at_the_start_is_named_in_time_and_met_again_without_a_restart(way: Way) -> None:
    started = time.monotonic()
    result = way.summarize(7)
    assert not result.success
    assert time.monotonic() - started < LONGEST_RUN_SECONDS
    assert TOLD[way.server] in failure(result)
    assert way.platform.outbox() == []
    way.gateway.open()
    assert way.summarize(8).success


def test_a_server_that_was_away_between_two_runs_is_not_noticed_by_the_second(way: Way) -> None:
    """Connections that were kept are dead by then."""
    way.gateway.open()
    assert way.summarize(7).success
    way.gateway.close()
    way.gateway.open()
    assert way.summarize(8).success


@dataclass
class Sensor:
    """The sensor, with the cursor that the daemon would keep."""

    platform: Platform
    cursor: str | None = None

    def tick(self) -> list[str]:
        """Evaluate it within the time that a tick has; return the events that it requests runs for."""
        started = time.monotonic()
        repository = self.platform.defs.get_repository_def()
        try:
            # As in the daemon, resources are made anew for each tick.
            with dg.build_sensor_context(
                instance=self.platform.instance,
                repository_def=repository,
                resources=build_resources(),
                cursor=self.cursor,
                sensor_name=EVENT_SENSOR,
            ) as context:
                result = repository.get_sensor_def(EVENT_SENSOR)(context)
        finally:
            assert time.monotonic() - started < LONGEST_TICK_SECONDS
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return [request.tags[EVENT_ID] for request in result.run_requests or []]


def announce(bootstrap: str, video_id: int) -> str:
    event_id = str(uuid.uuid4())
    payload = {"id": event_id, "videoId": video_id, "transcriptFileKey": f"transcripts/{video_id}/t.json"}
    TopicWriter(bootstrap, "video.transcribed").write(json.dumps(payload).encode(), key=str(video_id).encode())
    return event_id


def test_a_broker_that_is_away_is_an_error_in_time_and_is_read_once_it_is_there(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("KAFKA_BROKERS", f"127.0.0.1:{port}")
    sensor = Sensor(platform)
    with pytest.raises(KafkaException, match="_TRANSPORT"):
        sensor.tick()
    assert sensor.cursor is None
    with ExitStack() as running:
        first = running.enter_context(MockKafka(tmp_path / "first", port=port))
        event_id = announce(first.address, 1)
        assert sensor.tick() == [event_id]
        stored = sensor.cursor
    with pytest.raises(KafkaException, match="_TRANSPORT"):
        sensor.tick()
    assert sensor.cursor == stored
    # The embedded broker forgets what it held: another cluster, read from its beginning.
    with MockKafka(tmp_path / "second", port=port) as second:
        event_id = announce(second.address, 2)
        assert sensor.tick() == [event_id]


def test_while_the_database_is_away_no_message_is_passed_over(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = load_settings().platform.db_port
    # A broker of its own: what other tests have sent would fill the ticks.
    with MockKafka(tmp_path) as broker, gateway(port) as way:
        monkeypatch.setenv("KAFKA_BROKERS", broker.address)
        monkeypatch.setenv("DB_PORT", str(way.port))
        sensor = Sensor(platform)
        sent = {announce(broker.address, 1)}
        with pytest.raises(TransientDatabaseError, match="PostgreSQL failed"):
            sensor.tick()
        way.open()
        assert sent <= set(sensor.tick())
        stored = sensor.cursor
        way.close()
        sent = {announce(broker.address, 2), announce(broker.address, 3)}
        with pytest.raises(TransientDatabaseError, match="PostgreSQL failed"):
            sensor.tick()
        assert sensor.cursor == stored
        way.open()
        assert set(sensor.tick()) == sent
