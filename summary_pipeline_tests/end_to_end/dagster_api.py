"""What an operator sees and does in Dagster's UI, through the API behind it."""

import json
from dataclasses import dataclass
from typing import Any

import httpx

from summary_pipeline_tests.end_to_end.neighbour import Neighbour
from summary_pipeline_tests.waiting import eventually

EVENT_SENSOR = "video_transcribed_sensor"
JOB = "summarize_video"
STEPS = ("transcript", "chunks", "chunk_summaries", "final_summary", "persisted_summary")
ENDED = frozenset({"SUCCESS", "FAILURE", "CANCELED"})

_REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "summary_pipeline"}


@dataclass(frozen=True)
class Run:
    """A run as its page shows it. Times are seconds since the epoch, None for what has not happened."""

    run_id: str
    job: str
    status: str
    started: float | None
    ended: float | None
    parent: str | None
    tags: dict[str, str]

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


class DagsterApi:
    """The GraphQL API of the stack's webserver."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/graphql"

    def query(self, text: str, **variables: object) -> Any:  # noqa: ANN401 - the schema is Dagster's
        """Return the ``data`` of an answer."""
        answer = httpx.post(self._url, json={"query": text, "variables": variables}, timeout=60).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def runs(self, **tags: str) -> list[Run]:
        """Return the runs with these tags, the oldest first."""
        found = self.query(
            """query($filter: RunsFilter!) { runsOrError(filter: $filter) { ... on Runs { results {
                runId jobName status startTime endTime parentRunId tags { key value } } } } }""",
            filter={"tags": [{"key": key, "value": value} for key, value in tags.items()]},
        )["runsOrError"]["results"]
        return [
            Run(
                run_id=run["runId"],
                job=run["jobName"],
                status=run["status"],
                started=run["startTime"],
                ended=run["endTime"],
                parent=run["parentRunId"],
                tags={tag["key"]: tag["value"] for tag in run["tags"]},
            )
            for run in reversed(found)
        ]

    def runs_of(self, video_id: int) -> list[Run]:
        """Return the runs of one video, the oldest first."""
        return self.runs(**{"dagster/partition": str(video_id)})

    def ended_runs_of(self, video_id: int, count: int = 1) -> list[Run]:
        """Wait until a video has that many runs, all ended, and return them."""
        return eventually(
            lambda: self.runs_of(video_id),
            f"{count} ended run(s) of video {video_id}",
            until=lambda runs: len(runs) >= count and all(run.has_ended for run in runs),
        )

    def queued_run_of(self, video_id: int) -> Run:
        """Wait until a video has its run, started or not, and return it."""
        (run,) = eventually(lambda: self.runs_of(video_id), f"a run of video {video_id} is queued", until=bool)
        return run

    def wait_for_start(self, video_id: int) -> Run:
        """Wait until a worker executes a video's run, and return it."""
        (run,) = eventually(
            lambda: self.runs_of(video_id),
            f"a run of video {video_id} has started",
            until=lambda runs: any(run.status == "STARTED" for run in runs),
        )
        return run

    def messages(self, run_id: str) -> list[str]:
        """Return what a run's page lists."""
        events = self.query(
            """query($run: ID!) { logsForRun(runId: $run) { ... on EventConnection {
                events { ... on MessageEvent { message } } } } }""",
            run=run_id,
        )["logsForRun"]["events"]
        return [event["message"] for event in events]

    def stale_causes(self, asset: str, partition: str) -> list[str]:
        """Return why a partition of an asset is shown as out of date; nothing where it is not."""
        (node,) = self.query(
            """query($path: [String!]!, $partition: String!) { assetNodes(assetKeys: [{path: $path}]) {
                staleCauses(partition: $partition) { reason key { path } } } }""",
            path=[asset],
            partition=partition,
        )["assetNodes"]
        return [f"{'/'.join(cause['key']['path'])} {cause['reason']}" for cause in node["staleCauses"]]

    def steps_done(self, run_id: str) -> list[str]:
        """Return the keys of a run's steps that succeeded, in order."""
        run = self.query(
            """query($run: ID!) { runOrError(runId: $run) { ... on Run { stepStats { stepKey status endTime } } } }""",
            run=run_id,
        )["runOrError"]
        done = [step for step in run["stepStats"] if step["status"] == "SUCCESS"]
        return [step["stepKey"] for step in sorted(done, key=lambda step: step["endTime"])]

    def wait_until_read(self, neighbour: Neighbour) -> None:
        """Wait until the sensor has read all that ``video.transcribed`` holds, and all that came of it has ended."""
        ends = neighbour.ends("video.transcribed")
        eventually(self._offsets, f"the sensor has read up to {ends}", until=lambda offsets: offsets == ends)
        eventually(
            lambda: [run for run in self.runs() if not run.has_ended], "no run goes on", until=lambda runs: not runs
        )

    def switch_sensor(self, name: str, *, on: bool) -> None:
        """Start or stop a sensor."""
        if on:
            answer = self.query(
                """mutation($sensor: SensorSelector!) { startSensor(sensorSelector: $sensor) { __typename } }""",
                sensor={**_REPOSITORY, "sensorName": name},
            )["startSensor"]
            assert answer["__typename"] == "Sensor"
            return
        answer = self.query(
            """mutation($id: String!) { stopSensor(id: $id) { __typename } }""", id=self._sensor(name)["id"]
        )["stopSensor"]
        assert answer["__typename"] == "StopSensorMutationResult"

    def terminate(self, run_id: str) -> None:
        """Ask for a run's end, as the button on its page does."""
        answer = self.query(
            """mutation($run: String!) { terminateRun(runId: $run) { __typename } }""",
            run=run_id,
        )["terminateRun"]
        assert answer["__typename"] == "TerminateRunSuccess"

    def add_partition(self, key: str) -> None:
        """Add a video to the partitions."""
        answer = self.query(
            """mutation($key: String!, $repository: RepositorySelector!) { addDynamicPartition(
                partitionKey: $key, partitionsDefName: "videos", repositorySelector: $repository) { __typename } }""",
            key=key,
            repository=_REPOSITORY,
        )["addDynamicPartition"]
        assert answer["__typename"] == "AddDynamicPartitionSuccess"

    def launch_backfill(self, *partitions: str) -> str:
        """Materialize all five assets of partitions again; return the backfill's id."""
        answer = self.query(
            """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
                __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }""",
            params={"assetSelection": [{"path": [step]} for step in STEPS], "partitionNames": partitions},
        )["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        backfill: str = answer["backfillId"]
        return backfill

    def backfill(self, backfill_id: str) -> Any:  # noqa: ANN401 - the schema is Dagster's
        """Return a backfill as the UI lists it."""
        found = self.query(
            """query($id: String!) { partitionBackfillOrError(backfillId: $id) { __typename ... on PartitionBackfill {
                status isAssetBackfill title description partitionNames assetSelection { path } } } }""",
            id=backfill_id,
        )["partitionBackfillOrError"]
        assert found["__typename"] == "PartitionBackfill", found
        return found

    def backfill_ids(self) -> set[str]:
        """Return the ids of all backfills."""
        found = self.query(
            "query { partitionBackfillsOrError { ... on PartitionBackfills { results { id } } } }",
        )["partitionBackfillsOrError"]["results"]
        return {backfill["id"] for backfill in found}

    def failed_partitions(self, asset: str) -> set[str]:
        """Return the partitions that the UI selects for an asset at "Failed and missing", less those missing."""
        node = self.query(
            """query($asset: AssetKeyInput!) { assetNodeOrError(assetKey: $asset) { ... on AssetNode {
                assetPartitionStatuses { ... on DefaultPartitionStatuses { failedPartitions } } } } }""",
            asset={"path": [asset]},
        )["assetNodeOrError"]
        return set(node["assetPartitionStatuses"]["failedPartitions"])

    def re_execute(self, run_id: str, *, strategy: str) -> str:
        """Re-execute a run as the UI's buttons do, "ALL_STEPS" or "FROM_FAILURE"; return the new run's id."""
        answer = self.query(
            """mutation($params: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $params) { __typename
                ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }""",
            params={"parentRunId": run_id, "strategy": strategy},
        )["launchRunReexecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        new_run: str = answer["run"]["runId"]
        return new_run

    def _offsets(self) -> dict[int, int]:
        data = self._sensor(EVENT_SENSOR)["sensorState"]["typeSpecificData"]
        cursor = json.loads((data or {}).get("lastCursor") or '{"offsets": {}}')
        return {int(partition): offset for partition, offset in cursor["offsets"].items()}

    def _sensor(self, name: str) -> Any:  # noqa: ANN401 - the schema is Dagster's
        return self.query(
            """query($sensor: SensorSelector!) { sensorOrError(sensorSelector: $sensor) { __typename ... on Sensor {
                id sensorState { typeSpecificData { ... on SensorData { lastCursor } } } } } }""",
            sensor={**_REPOSITORY, "sensorName": name},
        )["sensorOrError"]
