"""Videos whose transcripts were announced before they were there: what a person runs again.

The test and the picture in ``docs/images`` need the same ones.
"""

import json

from summary_pipeline_tests.end_to_end.neighbour import SNIPPETS, Neighbour


def add_failed_videos(neighbour: Neighbour, count: int) -> list[int]:
    """Announce so many videos without their transcripts; return them once each is failed."""
    videos = [neighbour.add_video(None) for _ in range(count)]
    for video_id, key in videos:
        neighbour.announce(video_id, key)
    failed = [video_id for video_id, _ in videos]
    neighbour.wait_for_status("failed", *failed)
    return failed


def upload_what_is_missing(neighbour: Neighbour, failed: list[int]) -> None:
    """Upload the transcripts."""
    for video_id in failed:
        neighbour.upload(f"transcripts/{video_id}/transcript.json", json.dumps(SNIPPETS).encode())
