"""The S3 keys of one video.

Belongs here: the key patterns of the contract. Does not belong here: the bucket, or access to it.
"""

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


def default_transcript_key(video_id: int) -> str:
    """Return the key under which a transcript usually lies; an event's ``transcriptFileKey`` is what counts.

    Raises:
        ValueError: no video can have this id.
    """
    return f"transcripts/{check_video_id(video_id)}/transcript.json"
