"""The partitions of the graph: one per video.

PostgreSQL, not this set, is the catalogue of videos; a partition is added when a video's first event arrives.
"""

from typing import Final

import dagster as dg

PARTITION_TAG: Final = "dagster/partition"
"""Dagster's tag that names a run's partition."""

videos = dg.DynamicPartitionsDefinition(name="videos")


def partition_key(video_id: int) -> str:
    """Return the partition of a video."""
    return str(video_id)


def is_video(key: str) -> bool:
    """Say whether a partition is one of a video: keys can be added by hand."""
    return key.isascii() and key.isdigit()


def video_id_of(key: str) -> int:
    """Return the video of a partition.

    Raises:
        dagster.Failure: the key was added by hand and is no video id.
    """
    if is_video(key):
        return int(key)
    raise dg.Failure(
        f"Partition {key!r} of 'videos' is not a video id. Delete the partition in the Dagster UI.", allow_retries=False
    )
