from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from summary_pipeline.contract.events import VideoSummarized, canonical_uuid, outgoing_event_id
from summary_pipeline_tests.contract.event_messages import EVENT_ID

SUMMARIZED = VideoSummarized(
    id=EVENT_ID,
    video_id=123,
    summary_file_key="summaries/123/summary.json",
    summary_text="Über \N{GRINNING FACE}",
    ts=datetime(2024, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC),
)


def test_the_outgoing_payload_is_the_contracts() -> None:
    assert SUMMARIZED.payload() == {
        "id": EVENT_ID,
        "videoId": 123,
        "summaryFileKey": "summaries/123/summary.json",
        "summaryText": "Über \N{GRINNING FACE}",
        "ts": "2024-01-01T00:00:00Z",
    }


def test_events_can_not_be_changed() -> None:
    with pytest.raises(ValidationError):
        SUMMARIZED.video_id = 5  # type: ignore[misc]  # that it is refused is what is tested


def test_the_same_cause_and_result_give_the_same_outgoing_id() -> None:
    assert outgoing_event_id(EVENT_ID, "abc") == outgoing_event_id(EVENT_ID, "abc")
    assert canonical_uuid(outgoing_event_id(EVENT_ID, "abc")) == outgoing_event_id(EVENT_ID, "abc")


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
@example(("a", "bc"), ("ab", "c"))
def test_another_cause_or_result_gives_another_outgoing_id(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (outgoing_event_id(*one) == outgoing_event_id(*other)) == (one == other)
