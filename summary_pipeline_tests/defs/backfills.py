"""Backfills as Dagster's daemon works them off, up to the queue, with the coordinator of ``dagster.yaml``."""

import contextlib
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast

import dagster as dg
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.instance.types import InstanceType
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.storage.event_log import InMemoryEventLogStorage
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage
from dagster._core.storage.runs import InMemoryRunStorage
from dagster._core.test_utils import create_run_for_test
from dagster._core.workspace.context import BaseWorkspaceRequestContext

from summary_pipeline.defs.awaiting_runs import runs_awaiting_answers
from summary_pipeline.defs.job import ASSETS
from summary_pipeline.deployment.run_queue import BatchingRunCoordinator


@contextlib.contextmanager
def instance_with_queue() -> Iterator[dg.DagsterInstance]:
    """An instance in memory that queues runs as the deployment does, and never lets one out."""
    with (
        tempfile.TemporaryDirectory() as directory,
        dg.DagsterInstance(
            instance_type=InstanceType.EPHEMERAL,
            local_artifact_storage=LocalArtifactStorage(directory),
            run_storage=InMemoryRunStorage(),
            event_storage=InMemoryEventLogStorage(),
            compute_log_manager=NoOpComputeLogManager(),
            run_coordinator=BatchingRunCoordinator(),
            run_launcher=SyncInMemoryRunLauncher(),
        ) as instance,
    ):
        yield instance


@dataclass(frozen=True)
class Backfills:
    """What a person and Dagster's daemon do about backfills, and what becomes of their runs."""

    defs: dg.Definitions
    instance: dg.DagsterInstance

    def launch(self, *video_ids: int, assets: Sequence[str] = ASSETS) -> str:
        """Launch a backfill, and have the daemon queue a run for each video; return its id."""
        keys = [str(video_id) for video_id in video_ids]
        backfill_id = uuid.uuid4().hex[:8]
        graph = self.defs.get_repository_def().asset_graph
        selection = [dg.AssetKey(name) for name in assets]
        self.instance.add_dynamic_partitions("videos", keys)
        self.instance.add_backfill(
            PartitionBackfill.from_asset_partitions(
                backfill_id=backfill_id,
                asset_graph=graph,
                partition_names=keys,
                asset_selection=selection,
                backfill_timestamp=time.time(),
                tags={},
                dynamic_partitions_store=self.instance,
                all_partitions=False,
                title=None,
                description=None,
                run_config=None,
            )
        )
        for key in keys:
            tags = {"dagster/backfill": backfill_id, "dagster/partition": key}
            self.submit("__ASSET_JOB", tags=tags, asset_selection=frozenset(selection))
        return backfill_id

    def submit(
        self,
        job: str,
        *,
        tags: Mapping[str, str],
        asset_selection: frozenset[dg.AssetKey] | None = None,
        repeats: str | None = None,
    ) -> dg.DagsterRun:
        """Create a run and hand it to the queue. ``repeats`` is the run of which it is the re-execution."""
        location = RegisteredCodeLocationOrigin("summary_pipeline")
        origin = RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), job)
        created = create_run_for_test(
            self.instance,
            job_name=job,
            remote_job_origin=origin,
            tags=tags,
            asset_selection=asset_selection,
            parent_run_id=repeats,
            root_run_id=repeats,
        )
        workspace = SimpleNamespace(asset_graph=self.defs.get_repository_def().asset_graph)
        context = SubmitRunContext(created, cast("BaseWorkspaceRequestContext", workspace))
        return self.instance.run_coordinator.submit_run(context)

    def waiting(self) -> list[int]:
        """Return the videos whose runs wait for answers."""
        return [video_id for video_id, runs in runs_awaiting_answers(self.instance).items() for _ in runs]

    def startable(self) -> set[int]:
        """Return the videos whose queued runs may start."""
        queued = self.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
        return {int(run.tags["dagster/partition"]) for run in queued} - set(self.waiting())

    def cancelled(self) -> set[int]:
        """Return the videos whose runs were cancelled."""
        ended = self.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.CANCELED]))
        return {int(run.tags["dagster/partition"]) for run in ended}

    def cancel(self) -> None:
        """Cancel all runs that are queued, as the page of a backfill does."""
        for run in self.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])):
            self.instance.run_coordinator.cancel_run(run.run_id)

    def said_on_page(self, video_id: int) -> list[str]:
        """Return the messages on the page of a video's newest run."""
        run = self.instance.get_runs(dg.RunsFilter(tags={"dagster/partition": str(video_id)}), limit=1)[0]
        return [entry.message for entry in self.instance.all_logs(run.run_id)]
