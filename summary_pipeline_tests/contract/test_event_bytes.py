"""The bytes of ``video.transcribed`` and of its key: what is no event at all. docs/events.md has the same in words."""

import pytest

from summary_pipeline.contract.events import MAX_EVENT_BYTES, InvalidEventReason, parse_video_transcribed
from summary_pipeline_tests.contract.event_messages import EVENT_ID, message, refusal


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


def test_of_a_field_that_stands_twice_the_last_one_counts() -> None:
    value = message().replace(b"{", b'{"videoId": 5, "id": "no id", ', 1)
    assert parse_video_transcribed(value).video_id == 123
    assert refusal(message()[:-1] + b', "videoId": 0}').detail.startswith("videoId:")


@pytest.mark.parametrize("depth", [10, 150])
def test_an_unknown_field_may_be_nested_as_deep_as_people_nest(depth: int) -> None:
    nested = b'{"later": ' + b"[" * depth + b"]" * depth + b", " + message()[1:]
    assert parse_video_transcribed(nested).id == EVENT_ID


def test_a_reason_never_holds_what_postgresql_or_a_header_refuses() -> None:
    for value in (b'{"\\u0000": 1}', b'{"\x00": 1}', b'{"id": "\\u0000"}', b'{"id": "\\ud800"}', b"\x00"):
        detail = str(refusal(value))
        assert "\x00" not in detail
        detail.encode()


@pytest.mark.parametrize("key", [None, b"", b"123", b"0123", EVENT_ID.encode(), b'"123"', b"\xff"])
def test_a_message_key_that_does_not_contradict_is_accepted(key: bytes | None) -> None:
    assert parse_video_transcribed(message(), key).video_id == 123


@pytest.mark.parametrize("key", [b"124", b"0", b"1230"])
def test_a_message_key_of_another_video_is_refused(key: bytes) -> None:
    assert refusal(message(), key).reason is InvalidEventReason.KEY_MISMATCH
