"""Event bytes of every kind: an event or a typed refusal, in time."""

import json
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.contract.events import InvalidEventError, VideoTranscribed, parse_video_transcribed
from summary_pipeline_tests.fuzzing import bombs, damaged, fuzzed, in_time, json_texts

EVENT_ID = "0b6cbf1e-6a52-4c5e-9a3e-0d5f5f0c7a11"
FIELDS = ["id", "videoId", "transcriptFileKey", "snippetCount", "ts"]
VALID = {
    "id": EVENT_ID,
    "videoId": 123,
    "transcriptFileKey": "transcripts/123/transcript.json",
    "snippetCount": 50,
    "ts": "2024-01-01T00:00:00Z",
}
DOCUMENTS = [
    json.dumps(VALID).encode(),
    json.dumps({**VALID, "videoId": "123", "ts": "2024-01-01 00:00:00+02:00", "later": {"a": [1]}}).encode(),
    json.dumps({name: VALID[name] for name in FIELDS[:3]}, indent=2).encode(),
    b"\xef\xbb\xbf" + json.dumps({**VALID, "transcriptFileKey": "転写/ü.vtt"}, ensure_ascii=False).encode(),
]
values = st.none() | st.binary() | damaged(DOCUMENTS) | bombs() | json_texts(FIELDS)
keys = st.none() | st.binary(max_size=20) | st.integers().map(lambda number: str(number).encode())


def check(value: bytes | None, key: bytes | None) -> None:
    with in_time(len(value or b"")):
        try:
            outcome: VideoTranscribed | InvalidEventError = parse_video_transcribed(value, key)
        except InvalidEventError as error:
            outcome = error
    if isinstance(outcome, VideoTranscribed):
        check_event(outcome)
    else:
        assert str(outcome).startswith(f"{outcome.reason}: ")
        assert len(str(outcome)) < 1000
        str(outcome).encode()


def check_event(event: VideoTranscribed) -> None:
    assert 1 <= event.video_id < 2**31
    assert str(UUID(event.id)) == event.id
    assert not {".", ".."} & set(event.transcript_file_key.replace("\\", "/").split("/"))
    assert "\x00" not in event.transcript_file_key
    assert event.ts is None or event.ts.utcoffset() is not None
    # What is written from an event reads as the same event.
    assert parse_video_transcribed(event.to_json_bytes()) == event


@fuzzed
@given(values, keys)
def test_any_bytes_are_an_event_or_a_typed_refusal(value: bytes | None, key: bytes | None) -> None:
    check(value, key)


@fuzzed
@given(damaged(DOCUMENTS), keys)
def test_a_damaged_event_is_an_event_or_a_typed_refusal(value: bytes, key: bytes | None) -> None:
    check(value, key)
