from collections.abc import Callable

import pytest

from summary_pipeline.contract.object_keys import default_transcript_key, summary_json_key, summary_text_key


def test_keys_are_the_contracts() -> None:
    assert summary_json_key(123) == "summaries/123/summary.json"
    assert summary_text_key(123) == "summaries/123/summary.txt"
    assert default_transcript_key(123) == "transcripts/123/transcript.json"


@pytest.mark.parametrize("key", [summary_json_key, summary_text_key, default_transcript_key])
@pytest.mark.parametrize("video_id", [0, -1, 2**31])
def test_an_impossible_video_has_no_keys(key: Callable[[int], str], video_id: int) -> None:
    with pytest.raises(ValueError, match="is not between 1 and 2147483647"):
        key(video_id)
