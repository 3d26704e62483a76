"""The fields of ``video.transcribed``: what each may be. docs/events.md has the same in words."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.contract.events import (
    InvalidEventReason,
    VideoTranscribed,
    canonical_uuid,
    parse_video_transcribed,
)
from summary_pipeline_tests.contract.event_messages import EVENT_ID, message, refusal, without


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
        EVENT_ID + "\x00",
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
