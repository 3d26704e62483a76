import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from summary_pipeline.contract.events import (
    MAX_EVENT_BYTES,
    InvalidEventError,
    InvalidEventReason,
    VideoSummarized,
    VideoTranscribed,
    canonical_uuid,
    outgoing_event_id,
    parse_video_transcribed,
)

EVENT_ID = "0b6cbf1e-6a52-4c5e-9a3e-0d5f5f0c7a11"
VALID: dict[str, Any] = {
    "id": EVENT_ID,
    "videoId": 123,
    "transcriptFileKey": "transcripts/123/transcript.json",
    "snippetCount": 50,
    "ts": "2024-01-01T00:00:00Z",
}


def message(**changes: object) -> bytes:
    return json.dumps({**VALID, **changes}).encode()


def without(field: str) -> bytes:
    return json.dumps({name: value for name, value in VALID.items() if name != field}).encode()


def refusal(value: bytes | None, key: bytes | None = None) -> InvalidEventError:
    with pytest.raises(InvalidEventError) as caught:
        parse_video_transcribed(value, key)
    return caught.value


def test_the_contracts_example_is_read() -> None:
    assert parse_video_transcribed(message(), b"123") == VideoTranscribed(
        id=EVENT_ID,
        video_id=123,
        transcript_file_key="transcripts/123/transcript.json",
        snippet_count=50,
        ts=datetime(2024, 1, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "spelling",
    [
        EVENT_ID.upper(),
        EVENT_ID.replace("-", ""),
        f"{{{EVENT_ID}}}",
        f"urn:uuid:{EVENT_ID}",
        f"URN:UUID:{EVENT_ID.upper()}",
        f" {EVENT_ID}\n",
    ],
)
def test_an_id_in_another_spelling_is_the_same_id(spelling: str) -> None:
    assert parse_video_transcribed(message(id=spelling)).id == EVENT_ID


@pytest.mark.parametrize(
    "id_",
    [
        "",
        "7",
        7,
        None,
        [EVENT_ID],
        EVENT_ID + "0",
        EVENT_ID[:-1],
        "0b6cbf1e6a-52-4c5e-9a3e-0d5f5f0c7a11",
        "0b6cbf1e_6a52_4c5e_9a3e_0d5f5f0c7a11",
        f"{{{EVENT_ID}",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ],
)
def test_an_id_that_identifies_nothing_is_refused(id_: object) -> None:
    error = refusal(message(id=id_))
    assert error.reason is InvalidEventReason.INVALID_FIELD
    assert "id:" in error.detail


@given(st.uuids(allow_nil=False).filter(lambda uuid: uuid.int != 2**128 - 1))
def test_every_uuid_comes_out_as_python_writes_it(uuid: UUID) -> None:
    spellings = {canonical_uuid(text) for text in (str(uuid), uuid.hex, uuid.urn, f"{{{uuid}}}", str(uuid).upper())}
    assert spellings == {str(uuid)}


@pytest.mark.parametrize("video_id", [1, 2**31 - 1, "1", " 42 ", "0042", 7.0])
def test_a_video_id_may_be_an_integer_or_a_string_of_digits(video_id: object) -> None:
    assert parse_video_transcribed(message(videoId=video_id)).video_id == int(float(str(video_id)))


@pytest.mark.parametrize(
    "video_id",
    [0, -1, 2**31, "0", "-1", "2147483648", "1_0", "1.0", "0x1", "１２", "", 1.5, 1e300, True, None, [1], {"a": 1}],
)
def test_an_impossible_video_id_is_refused(video_id: object) -> None:
    error = refusal(message(videoId=video_id))
    assert error.reason is InvalidEventReason.INVALID_FIELD
    assert "videoId:" in error.detail


@pytest.mark.parametrize(
    "key",
    ["transcripts/123/transcript.json", "elsewhere/x.vtt", "/leading", "a..b/c...d", "Ünïcode/転写.json", "x" * 1024],
)
def test_a_transcript_key_is_taken_as_it_is(key: str) -> None:
    assert parse_video_transcribed(message(transcriptFileKey=key)).transcript_file_key == key


@pytest.mark.parametrize(
    "key",
    [
        "",
        "../secrets",
        "transcripts/../x",
        "transcripts/..",
        "transcripts\\..\\x",
        "./x",
        "a\x00b",
        "a\nb",
        "x" * 1025,
        "ü" * 513,
        5,
        None,
    ],
)
def test_a_transcript_key_that_is_no_key_is_refused(key: object) -> None:
    error = refusal(message(transcriptFileKey=key))
    assert error.reason is InvalidEventReason.INVALID_FIELD
    assert "transcriptFileKey:" in error.detail


@pytest.mark.parametrize(
    ("ts", "expected"),
    [
        ("2024-01-01T00:00:00Z", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-01-01T00:00:00.123Z", datetime(2024, 1, 1, microsecond=123000, tzinfo=UTC)),
        ("2024-01-01T00:00:00.123456789Z", datetime(2024, 1, 1, microsecond=123456, tzinfo=UTC)),
        ("2024-01-01T02:00:00+02:00", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2023-12-31T19:00:00-0500", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-01-01T00:00:00", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-01-01 00:00:00", datetime(2024, 1, 1, tzinfo=UTC)),
        ("20240101T000000Z", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-01-01", datetime(2024, 1, 1, tzinfo=UTC)),
        (None, None),
    ],
)
def test_a_time_may_have_any_iso_form(ts: str | None, expected: datetime | None) -> None:
    assert parse_video_transcribed(message(ts=ts)).ts == expected


@pytest.mark.parametrize(
    "ts", ["", "yesterday", "2024-13-01", "01/02/2024", 1704067200, "0001-01-01T00:00:00+14:00", "2024-01-01T25:00:00Z"]
)
def test_a_time_that_is_none_is_refused(ts: object) -> None:
    assert "ts:" in refusal(message(ts=ts)).detail


def test_a_missing_time_or_count_is_no_fault() -> None:
    assert parse_video_transcribed(without("ts")).ts is None
    assert parse_video_transcribed(without("snippetCount")).snippet_count is None


@pytest.mark.parametrize("count", ["50", 50, 50.0])
def test_a_count_may_be_a_string(count: object) -> None:
    assert parse_video_transcribed(message(snippetCount=count)).snippet_count == 50


@pytest.mark.parametrize("count", [-1, "many", True, 2**31])
def test_an_impossible_count_is_refused(count: object) -> None:
    assert "snippetCount:" in refusal(message(snippetCount=count)).detail


@pytest.mark.parametrize("field", ["id", "videoId", "transcriptFileKey"])
def test_a_missing_field_is_named(field: str) -> None:
    assert refusal(without(field)).detail == f"{field}: Field required"


def test_python_names_mean_nothing_on_the_wire() -> None:
    assert "videoId: Field required" in refusal(without("videoId").replace(b"{", b'{"video_id": 1, ', 1)).detail


def test_unknown_fields_are_ignored() -> None:
    assert parse_video_transcribed(message(later={"a": [1]})) == parse_video_transcribed(message())


def test_every_fault_is_named_at_once_and_no_value_is_repeated() -> None:
    detail = refusal(message(id="SECRET-1", videoId="SECRET-2", transcriptFileKey="../SECRET-3")).detail
    assert [part.split(":")[0] for part in detail.split("; ")] == ["id", "videoId", "transcriptFileKey"]
    assert "SECRET" not in detail


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, InvalidEventReason.TOMBSTONE),
        (b"", InvalidEventReason.NOT_JSON),
        (b"\xff\xfe{\x00}\x00", InvalidEventReason.NOT_UTF8),
        (b"\xed\xa0\x80", InvalidEventReason.NOT_UTF8),
        (b"not json", InvalidEventReason.NOT_JSON),
        (b'{"id": NaN}', InvalidEventReason.NOT_JSON),
        (b'{"id": "\\ud800"}', InvalidEventReason.NOT_JSON),
        (b'{"videoId": ' + b"9" * 10_000 + b"}", InvalidEventReason.NOT_JSON),
        (b"{} {}", InvalidEventReason.NOT_JSON),
        (b"[" * 200_000, InvalidEventReason.TOO_DEEP),
        (b'{"a":' * 100_000, InvalidEventReason.TOO_DEEP),
        (b"[]", InvalidEventReason.NOT_AN_OBJECT),
        (b"null", InvalidEventReason.NOT_AN_OBJECT),
        (b" " * (MAX_EVENT_BYTES + 1), InvalidEventReason.TOO_LARGE),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_event_is_refused_with_its_reason(value: bytes | None, reason: InvalidEventReason) -> None:
    assert refusal(value).reason is reason


def test_an_event_of_exactly_the_largest_size_is_read() -> None:
    value = message()
    assert parse_video_transcribed(value.ljust(MAX_EVENT_BYTES)).id == EVENT_ID
    assert parse_video_transcribed(value, max_bytes=len(value)).id == EVENT_ID


def test_a_byte_order_mark_is_ignored() -> None:
    assert parse_video_transcribed(b"\xef\xbb\xbf" + message()).id == EVENT_ID


@pytest.mark.parametrize("key", [None, b"", b"123", b"0123", EVENT_ID.encode(), b'"123"', b"\xff"])
def test_a_message_key_that_does_not_contradict_is_accepted(key: bytes | None) -> None:
    assert parse_video_transcribed(message(), key).video_id == 123


@pytest.mark.parametrize("key", [b"124", b"0", b"1230"])
def test_a_message_key_of_another_video_is_refused(key: bytes) -> None:
    assert refusal(message(), key).reason is InvalidEventReason.KEY_MISMATCH


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
event_like = st.fixed_dictionaries(
    {}, optional={name: json_values | st.just(value) for name, value in VALID.items()}
).map(lambda document: json.dumps(document).encode())


@given(st.none() | st.binary() | json_values.map(lambda value: json.dumps(value).encode()) | event_like, st.binary())
@example(b'{"videoId": 1e400}', b"")
@example(b'{"ts": "9999-12-31T23:59:59-23:59"}', b"")
def test_any_bytes_are_an_event_or_a_typed_refusal(value: bytes | None, key: bytes) -> None:
    event = read_or_none(value, key)
    if event is not None:
        assert 1 <= event.video_id < 2**31
        assert str(UUID(event.id)) == event.id
        assert ".." not in event.transcript_file_key.split("/")


def read_or_none(value: bytes | None, key: bytes) -> VideoTranscribed | None:
    try:
        return parse_video_transcribed(value, key)
    except InvalidEventError:
        return None


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


def test_the_outgoing_message_is_its_payload_in_utf_8() -> None:
    assert json.loads(SUMMARIZED.to_json_bytes().decode()) == SUMMARIZED.payload()
    assert "Über \N{GRINNING FACE}".encode() in SUMMARIZED.to_json_bytes()


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
