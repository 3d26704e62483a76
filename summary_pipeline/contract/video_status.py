"""The statuses of a video and the moves between them that are this pipeline's to make.

Belongs here: the statuses, in the contract's order, and pure decisions about them.
Does not belong here: reading or writing a video's row.

The neighbour owns every move but two: to ``indexing``, when a summary is saved, and to ``failed``.

==========================================  =============================  ==================================
status before                               a summary is saved             summarizing failed for good
==========================================  =============================  ==================================
``pending``, ``uploading``,                 refused: the video still       ``failed``
``transcoding``, ``transcribing``           waits for its transcript
``summarizing``                             ``indexing``                   ``failed``
``indexing``, ``ready``                     ``indexing``: search has to    kept: the earlier summary is still
(summarized again)                          read the new summary           good
``failed`` (retried, replayed)              ``indexing``                   ``failed``, with the newer reason
==========================================  =============================  ==================================
"""

from enum import StrEnum


class VideoStatus(StrEnum):
    """``videos.status``, in the order in which a video goes through them; ``failed`` can follow any of them."""

    PENDING = "pending"
    UPLOADING = "uploading"
    TRANSCODING = "transcoding"
    TRANSCRIBING = "transcribing"
    SUMMARIZING = "summarizing"
    INDEXING = "indexing"
    READY = "ready"
    FAILED = "failed"


_BEFORE_SUMMARIZING = frozenset(
    {VideoStatus.PENDING, VideoStatus.UPLOADING, VideoStatus.TRANSCODING, VideoStatus.TRANSCRIBING}
)
_SUMMARIZED = frozenset({VideoStatus.INDEXING, VideoStatus.READY})


def is_allowed(current: VideoStatus, target: VideoStatus) -> bool:
    """Tell whether this pipeline may move a video from ``current`` to ``target``."""
    if target is VideoStatus.FAILED:
        return current not in _SUMMARIZED
    return target is VideoStatus.INDEXING and current not in _BEFORE_SUMMARIZING
