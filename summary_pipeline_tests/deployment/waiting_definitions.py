"""The code location of these tests: assets that wait, as for a model's answer or for the next attempt."""

import asyncio
import os
from pathlib import Path

import dagster as dg

from summary_pipeline.defs.failures import clear_failures
from summary_pipeline.resources.object_store import ObjectStoreError
from summary_pipeline.resources.retrying import RetrySchedule

PLACE_TAG = "test/place"
JOB_NAME = "wait"
TROUBLED_JOB_NAME = "wait_for_retry"


async def _wait_for(file: Path) -> None:
    while not await asyncio.to_thread(file.exists):  # noqa: ASYNC110 - the test that makes the file is another process
        await asyncio.sleep(0.02)


@dg.asset
def waiting(context: dg.AssetExecutionContext) -> None:
    """Write the process id into the directory that the run's tag names, and wait for the file ``go`` in it."""
    place = _announce(context)
    asyncio.run(_wait_for(place / "go"))


@dg.asset
def troubled(context: dg.AssetExecutionContext) -> None:
    """Write the process id, and fail as where S3 is in trouble: the next attempt comes after minutes."""
    _announce(context)
    with clear_failures(context, RetrySchedule(attempts=3, delay=300)):
        raise ObjectStoreError("S3 is in trouble.")


def _announce(context: dg.AssetExecutionContext) -> Path:
    place = Path(context.run.tags[PLACE_TAG])
    (place / f"{context.run_id}.part").write_text(str(os.getpid()))
    (place / f"{context.run_id}.part").rename(place / context.run_id)
    return place


defs = dg.Definitions(
    assets=[waiting, troubled],
    jobs=[
        dg.define_asset_job(JOB_NAME, selection=[waiting], executor_def=dg.in_process_executor),
        dg.define_asset_job(TROUBLED_JOB_NAME, selection=[troubled], executor_def=dg.in_process_executor),
    ],
)
