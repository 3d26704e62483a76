import json
from datetime import UTC, datetime

from summary_pipeline.contract.events import VideoTranscribed, parse_video_transcribed
from summary_pipeline.intake.dead_letters import dead_letter_headers, given_up_letter, rejected_letter
from summary_pipeline.intake.planning import ReceivedMessage, RejectedMessage

EVENT_ID = "0b6cbf1e-6a52-4c5e-9a3e-0d5f5f0c7a11"
EVENT = VideoTranscribed(
    id=EVENT_ID, video_id=7, transcript_file_key="t.json", snippet_count=5, ts=datetime(2024, 1, 1, tzinfo=UTC)
)
RECEIVED = ReceivedMessage("video.transcribed", 3, 14, b"7", b"{", headers=(("trace", b"abc"), ("none", None)))


def test_a_rejected_message_keeps_its_bytes_and_its_place() -> None:
    letter = rejected_letter(RejectedMessage(RECEIVED, "not_json: broken"), cluster_id="c")
    assert (letter.key, letter.value, letter.headers) == (b"7", b"{", RECEIVED.headers)
    assert (letter.cluster_id, letter.topic, letter.partition, letter.offset) == ("c", "video.transcribed", 3, 14)
    assert letter.event_id is None


def test_a_dead_letter_says_where_it_came_from_and_why_behind_its_own_headers() -> None:
    letter = rejected_letter(RejectedMessage(RECEIVED, "not_json: broken"), cluster_id="c")
    headers = dead_letter_headers(letter, consumer="summary-pipeline")
    assert headers[:2] == [("trace", b"abc"), ("none", None)]
    assert dict(headers[2:]) == {
        "__connect.errors.topic": b"video.transcribed",
        "__connect.errors.partition": b"3",
        "__connect.errors.offset": b"14",
        "__connect.errors.connector.name": b"summary-pipeline",
        "__connect.errors.stage": b"VALUE_CONVERTER",
        "__connect.errors.exception.class.name": b"InvalidEventError",
        "__connect.errors.exception.message": b"not_json: broken",
    }


def test_an_event_that_was_given_up_has_no_place_and_says_who_gave_it_up() -> None:
    letter = given_up_letter(EVENT, "3 runs ended", payload=b"as it was")
    assert (letter.event_id, letter.video_id, letter.key, letter.value) == (EVENT_ID, 7, b"7", b"as it was")
    headers = dict(dead_letter_headers(letter, consumer="summary-pipeline"))
    assert "__connect.errors.offset" not in headers
    assert headers["__connect.errors.stage"] == b"SWEEP"


def test_an_event_whose_bytes_are_not_at_hand_is_written_anew_and_reads_the_same() -> None:
    letter = given_up_letter(EVENT, "3 runs ended")
    assert parse_video_transcribed(letter.value, letter.key) == EVENT
    bare = given_up_letter(EVENT.model_copy(update={"ts": None, "snippet_count": None}), "3 runs ended")
    assert set(json.loads(bare.value or b"")) == {"id", "videoId", "transcriptFileKey"}
