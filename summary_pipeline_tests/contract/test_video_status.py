from itertools import product

import pytest

from summary_pipeline.contract.video_status import VideoStatus, is_allowed

BEFORE_SUMMARIZING = (
    VideoStatus.PENDING,
    VideoStatus.UPLOADING,
    VideoStatus.TRANSCODING,
    VideoStatus.TRANSCRIBING,
)


def test_statuses_are_the_contracts_in_its_order() -> None:
    assert [str(status) for status in VideoStatus] == [
        "pending",
        "uploading",
        "transcoding",
        "transcribing",
        "summarizing",
        "indexing",
        "ready",
        "failed",
    ]


def test_exactly_these_moves_are_ours() -> None:
    allowed = {(one, other) for one, other in product(VideoStatus, VideoStatus) if is_allowed(one, other)}
    assert allowed == {
        (VideoStatus.SUMMARIZING, VideoStatus.INDEXING),
        (VideoStatus.INDEXING, VideoStatus.INDEXING),
        (VideoStatus.READY, VideoStatus.INDEXING),
        (VideoStatus.FAILED, VideoStatus.INDEXING),
        *(
            (status, VideoStatus.FAILED)
            for status in (*BEFORE_SUMMARIZING, VideoStatus.SUMMARIZING, VideoStatus.FAILED)
        ),
    }


@pytest.mark.parametrize("status", [VideoStatus.INDEXING, VideoStatus.READY])
def test_a_video_with_a_good_summary_does_not_fail(status: VideoStatus) -> None:
    assert not is_allowed(status, VideoStatus.FAILED)
