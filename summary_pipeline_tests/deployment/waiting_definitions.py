"""The code location of these tests: an asset that waits, as for a model's answer, until it is let go."""

import asyncio
import os
from pathlib import Path

import dagster as dg

PLACE_TAG = "test/place"
JOB_NAME = "wait"


async def _wait_for(file: Path) -> None:
    while not await asyncio.to_thread(file.exists):  # noqa: ASYNC110 - the test that makes the file is another process
        await asyncio.sleep(0.02)


@dg.asset
def waiting(context: dg.AssetExecutionContext) -> None:
    """Write the process id into the directory that the run's tag names, and wait for the file ``go`` in it."""
    place = Path(context.run.tags[PLACE_TAG])
    (place / f"{context.run_id}.part").write_text(str(os.getpid()))
    (place / f"{context.run_id}.part").rename(place / context.run_id)
    asyncio.run(_wait_for(place / "go"))


defs = dg.Definitions(
    assets=[waiting],
    jobs=[dg.define_asset_job(JOB_NAME, selection=[waiting], executor_def=dg.in_process_executor)],
)
