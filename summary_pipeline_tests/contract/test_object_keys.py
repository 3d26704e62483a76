from collections.abc import Callable

import pytest

from summary_pipeline.contract.object_keys import (
    default_transcript_key,
    summary_json_key,
    summary_text_key,
    summary_version_json_key,
    summary_version_text_key,
)


def test_keys_are_the_contracts() -> None:
    assert summary_json_key(123) == "summaries/123/summary.json"
    assert summary_text_key(123) == "summaries/123/summary.txt"
    assert default_transcript_key(123) == "transcripts/123/transcript.json"


@pytest.mark.parametrize("key", [summary_json_key, summary_text_key, default_transcript_key])
@pytest.mark.parametrize("video_id", [0, -1, 2**31])
def test_an_impossible_video_has_no_keys(key: Callable[[int], str], video_id: int) -> None:
    with pytest.raises(ValueError, match="is not between 1 and 2147483647"):
        key(video_id)


def test_versions_of_a_summary_lie_under_the_video() -> None:
    assert summary_version_json_key(123, "a-1") == "summaries/123/versions/a-1/summary.json"
    assert summary_version_text_key(123, "a-1") == "summaries/123/versions/a-1/summary.txt"


@pytest.mark.parametrize("key", [summary_version_json_key, summary_version_text_key])
@pytest.mark.parametrize("version", ["", "..", "a/b", "a\n"])
def test_a_name_that_would_lead_elsewhere_is_no_version(key: Callable[[int, str], str], version: str) -> None:
    with pytest.raises(ValueError, match="is no name of a version"):
        key(123, version)


def test_versions_of_an_impossible_video_have_no_keys() -> None:
    with pytest.raises(ValueError, match="is not between 1 and 2147483647"):
        summary_version_json_key(0, "a")
