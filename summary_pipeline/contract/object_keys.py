"""The S3 keys of one video.

Belongs here: the key patterns of the contract, and of ours under a video. Does not belong here: the bucket, or access
to it.
"""

import re

from summary_pipeline.contract.video_id import check_video_id


def summary_json_key(video_id: int) -> str:
    """Return the key of the summary document.

    Raises:
        ValueError: no video can have this id.
    """
    return f"summaries/{check_video_id(video_id)}/summary.json"


def summary_text_key(video_id: int) -> str:
    """Return the key of the summary's plain text.

    Raises:
        ValueError: no video can have this id.
    """
    return f"summaries/{check_video_id(video_id)}/summary.txt"


def summary_version_json_key(video_id: int, version: str) -> str:
    """Return the key of the document of one version of the summary, the current one included.

    ``version`` is the id of the ``video.summarized`` event that announced it, or another name that stands for it.

    Raises:
        ValueError: no video can have this id, or the version's name is more than letters, digits and hyphens.
    """
    return f"{_version_prefix(video_id, version)}/summary.json"


def summary_version_text_key(video_id: int, version: str) -> str:
    """Return the key of the plain text of one version of the summary.

    Raises:
        ValueError: as in ``summary_version_json_key``.
    """
    return f"{_version_prefix(video_id, version)}/summary.txt"


def default_transcript_key(video_id: int) -> str:
    """Return the key under which a transcript usually lies; an event's ``transcriptFileKey`` is what counts.

    Raises:
        ValueError: no video can have this id.
    """
    return f"transcripts/{check_video_id(video_id)}/transcript.json"


def stored_transcript_key(video_id: int, recorded_path: str | None) -> str:
    """Return where a transcript lies: where the transcriber recorded it, else where it usually is.

    Raises:
        ValueError: no video can have this id.
    """
    return recorded_path or default_transcript_key(video_id)


def _version_prefix(video_id: int, version: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z-]+", version):
        raise ValueError(f"{version!r} is no name of a version: only letters, digits and hyphens may be in it")
    return f"summaries/{check_video_id(video_id)}/versions/{version}"
