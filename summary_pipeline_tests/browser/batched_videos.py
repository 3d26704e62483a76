"""Videos of a backfill that goes by batch, and a provider that takes its time over them."""

import json
import uuid

import httpx

from summary_pipeline_tests.browser.demo_stack import BATCH_FROM
from summary_pipeline_tests.end_to_end.dagster_api import DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import SNIPPETS, Neighbour

BATCH_SECONDS = 15
"""How long the provider works on a batch: long enough to look at what waits for it."""


def add_unheard_videos(neighbour: Neighbour, dagster: DagsterApi) -> list[int]:
    """Add as many videos as make a large backfill, about which nothing was ever asked, with partitions."""
    added = []
    for _ in range(BATCH_FROM):
        said = {"text": f"This tape has the number {uuid.uuid4()}.", "start": 40.0}
        video_id, _key = neighbour.add_video(json.dumps([*SNIPPETS, said]).encode())
        dagster.add_partition(str(video_id))
        added.append(video_id)
    return added


def make_batches_slow(openai_base_url: str) -> None:
    """Have the provider work on batches for a while."""
    url = f"{openai_base_url.removesuffix('/v1')}/_control/behaviour"
    httpx.post(url, json={"batch_seconds": BATCH_SECONDS}).raise_for_status()
