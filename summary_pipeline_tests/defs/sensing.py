"""The event sensor under test, with a real broker and a real database."""

import json
import uuid
from dataclasses import dataclass, field

import dagster as dg
import pytest

from summary_pipeline.contract.topics import TOPICS
from summary_pipeline.resources.factories import build_resources
from summary_pipeline.resources.kafka_reader import open_reader
from summary_pipeline_tests.defs.platform import Platform
from summary_pipeline_tests.kafka_support import TopicWriter

SENSOR = "video_transcribed_sensor"


@dataclass
class Sensor:
    """The sensor under test, with the cursor that the daemon would keep for it between ticks."""

    platform: Platform
    writer: TopicWriter
    bootstrap: str
    group_id: str
    cursor: str | None = None
    ticks: list[dg.SensorResult] = field(default_factory=list)

    def announce(self, video_id: int, event_id: str | None = None) -> str:
        event_id = event_id or str(uuid.uuid4())
        payload = {"id": event_id, "videoId": video_id, "transcriptFileKey": f"transcripts/{video_id}/t.json"}
        self.writer.write(json.dumps(payload).encode(), key=str(video_id).encode())
        return event_id

    def tick(self) -> dg.SensorResult:
        """Evaluate the sensor and, as the daemon does, keep its cursor only when it returned."""
        repository = self.platform.defs.get_repository_def()
        with dg.build_sensor_context(
            instance=self.platform.instance,
            repository_def=repository,
            resources=build_resources(),
            cursor=self.cursor,
            sensor_name=SENSOR,
        ) as context:
            result = repository.get_sensor_def(SENSOR)(context)
        if isinstance(result, dg.SkipReason):
            return dg.SensorResult(skip_reason=result)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return result

    def events(self, result: dg.SensorResult) -> list[str]:
        return [request.run_key or "" for request in result.run_requests or []]

    def committed(self) -> dict[int, int | None]:
        with open_reader(self.bootstrap, group_id=self.group_id, topic="video.transcribed") as reader:
            return {number: state.committed for number, state in reader.state().partitions.items()}


def sensor_on(bootstrap: str, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Sensor:
    """Return a sensor that has read everything that earlier tests wrote."""
    group_id = f"sensor-{uuid.uuid4()}"
    monkeypatch.setenv("KAFKA_BROKERS", bootstrap)
    monkeypatch.setenv("SUMMARY_KAFKA_GROUP_ID", group_id)
    for topic in TOPICS:
        TopicWriter(bootstrap, topic)
    under_test = Sensor(platform, TopicWriter(bootstrap, "video.transcribed"), bootstrap, group_id)
    with open_reader(bootstrap, group_id=group_id, topic="video.transcribed") as reader:
        state = reader.state()
        offsets = {number: partition.high for number, partition in state.partitions.items()}
        under_test.cursor = json.dumps(
            {"version": 1, "cluster_id": state.cluster_id, "topic": "video.transcribed", "offsets": offsets}
        )
    return under_test
