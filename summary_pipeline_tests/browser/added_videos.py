"""Videos for what a person does by hand, which the tests and the pictures in ``docs/images`` need alike."""

import json
import uuid

from summary_pipeline_tests.end_to_end.dagster_api import DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import SNIPPETS, Neighbour


def add_failed_videos(neighbour: Neighbour, count: int) -> list[int]:
    """Announce so many videos before their transcripts are there; return them once each is failed."""
    videos = [neighbour.add_video(None) for _ in range(count)]
    for video_id, key in videos:
        neighbour.announce(video_id, key)
    failed = [video_id for video_id, _ in videos]
    neighbour.wait_for_status("failed", *failed)
    return failed


def upload_what_is_missing(neighbour: Neighbour, failed: list[int]) -> None:
    """Upload the transcripts of failed videos."""
    for video_id in failed:
        neighbour.upload(f"transcripts/{video_id}/transcript.json", json.dumps(SNIPPETS).encode())


def add_unheard_videos(neighbour: Neighbour, dagster: DagsterApi, count: int) -> list[int]:
    """Add so many videos with partitions, about whose transcripts no model was ever asked."""
    added = []
    for _ in range(count):
        said = {"text": f"This tape has the number {uuid.uuid4()}.", "start": 40.0}
        video_id, _key = neighbour.add_video(json.dumps([*SNIPPETS, said]).encode())
        dagster.add_partition(str(video_id))
        added.append(video_id)
    return added
