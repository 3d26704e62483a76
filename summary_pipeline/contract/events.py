"""The events of the contract: ``video.transcribed``, which comes in, and ``video.summarized``, which goes out.

Belongs here: their payloads, reading bytes of unknown origin, and the ids of outgoing events.
Does not belong here: Kafka, the outbox, or what is done about an event that is not valid.

What becomes of ``video.transcribed`` as it really comes:

- Refused with an ``InvalidEventError``: a tombstone, more bytes than the limit, bytes that are not UTF-8, text that is
  not JSON (``NaN`` is not), JSON nested deeper than 200 levels or that is no object, a missing or malformed field.
- ``id`` is a UUID in any usual spelling, kept in lower case with hyphens. The nil and the max UUID are refused: they
  come from producers that forgot to make one, and every second event of theirs would pass for a repeat.
- ``videoId`` is an integer or a string of digits, from 1 to 2**31 - 1.
- ``transcriptFileKey`` is taken as it is, under any prefix, unless it is empty, longer than S3 allows, or has ``.`` or
  ``..`` segments, ``NUL`` or other control characters.
- ``snippetCount`` may be missing or null; else it is a count like ``videoId``.
- ``ts`` may be missing or null; else it is a date and time in any ISO 8601 form. Without a zone it is UTC.
- Unknown fields are ignored; so is a UTF-8 byte order mark.
- A message key that reads as a number has to be the video id; any other key only chose the partition and is ignored.
"""

import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID, uuid5

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import from_json

from summary_pipeline.contract.video_id import MAX_VIDEO_ID, check_video_id, read_integer

MAX_EVENT_BYTES: Final = 1024 * 1024
MAX_OBJECT_KEY_BYTES: Final = 1024
"""S3's limit for a key, in UTF-8."""

OUTGOING_EVENT_NAMESPACE: Final = UUID("6f2b3c52-0f8e-5d0b-9f5e-3a1c7d5b8e21")

_UUID_SPELLING = re.compile(
    r"(?:urn:uuid:)?(?:\{(?P<braced>[0-9a-f-]+)\}|(?P<plain>[0-9a-f-]+))", re.IGNORECASE | re.ASCII
)
_UUID_DIGITS = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}", re.ASCII)
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
_MOST_PROBLEMS_TOLD = 5


class InvalidEventReason(StrEnum):
    """Why a message is no valid event; the values are stable, for headers and metrics."""

    TOMBSTONE = "tombstone"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    NOT_AN_OBJECT = "not_an_object"
    INVALID_FIELD = "invalid_field"
    KEY_MISMATCH = "key_mismatch"


class InvalidEventError(ValueError):
    """A message that is no valid event. ``detail`` names the fault and never repeats what the message held."""

    def __init__(self, reason: InvalidEventReason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


def canonical_uuid(value: str) -> str:
    """Return a UUID in lower case with hyphens, from that form, upper case, no hyphens, braces or ``urn:uuid:``.

    Raises:
        ValueError: it is no UUID, or one of the two that identify nothing (nil, max).
    """
    spelling = _UUID_SPELLING.fullmatch(value.strip())
    digits = (spelling["braced"] or spelling["plain"]).lower() if spelling else ""
    if not _UUID_DIGITS.fullmatch(digits):
        raise ValueError("is not a UUID")
    uuid = UUID(digits)
    if uuid.int in {0, 2**128 - 1}:
        raise ValueError("is the nil or the max UUID, which identify nothing")
    return str(uuid)


def _check_object_key(value: str) -> str:
    if not value:
        raise ValueError("is empty")
    if len(value.encode()) > MAX_OBJECT_KEY_BYTES:
        raise ValueError(f"is longer than {MAX_OBJECT_KEY_BYTES} bytes")
    if _CONTROL_CHARACTER.search(value):
        raise ValueError("has control characters")
    if {".", ".."} & set(re.split(r"[/\\]", value)):
        raise ValueError("has . or .. segments")
    return value


def _read_timestamp(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError("is not a date and time in ISO 8601") from None


def _to_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside of the years 1 to 9999 in UTC") from None


EventId = Annotated[str, AfterValidator(canonical_uuid)]
VideoId = Annotated[int, BeforeValidator(read_integer), AfterValidator(check_video_id)]
ObjectKey = Annotated[str, AfterValidator(_check_object_key)]
Count = Annotated[int, BeforeValidator(read_integer), Field(ge=0, le=MAX_VIDEO_ID)]
UtcDatetime = Annotated[datetime, Field(strict=True), BeforeValidator(_read_timestamp), AfterValidator(_to_utc)]


class _Event(BaseModel):
    """Attributes are Python's names; the wire has camel case."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, frozen=True, extra="ignore"
    )


class VideoTranscribed(_Event):
    """A transcript lies in S3 and waits to be summarized. ``ts`` is UTC, None where the event does not say."""

    id: EventId
    video_id: VideoId
    transcript_file_key: ObjectKey
    snippet_count: Count | None = None
    ts: UtcDatetime | None = None

    def to_json_bytes(self) -> bytes:
        """Return the message as the transcriber might have sent it, for an event whose own bytes are not at hand."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


class VideoSummarized(_Event):
    """A summary is saved. ``ts`` is when, in UTC."""

    id: EventId
    video_id: VideoId
    summary_file_key: ObjectKey
    summary_text: str
    ts: UtcDatetime

    def payload(self) -> dict[str, str | int]:
        """Return what the outbox holds: the contract's fields, with ``ts`` in whole seconds."""
        return {
            "id": self.id,
            "videoId": self.video_id,
            "summaryFileKey": self.summary_file_key,
            "summaryText": self.summary_text,
            "ts": f"{self.ts.replace(microsecond=0, tzinfo=None).isoformat()}Z",
        }


def outgoing_event_id(cause: str, result_hash: str) -> str:
    """Return the id of the event that announces a result: the same cause and result always give the same id.

    Args:
        cause: id of the event that was answered, or of the run, for a backfill.
        result_hash: hash of what the event announces.
    """
    return str(uuid5(OUTGOING_EVENT_NAMESPACE, json.dumps([cause, result_hash])))


def parse_video_transcribed(
    value: bytes | None, key: bytes | None = None, *, max_bytes: int = MAX_EVENT_BYTES
) -> VideoTranscribed:
    """Read a message of ``video.transcribed``. The module's docstring says what is accepted.

    Raises:
        InvalidEventError: for everything else; no other exception, whatever the bytes.
    """
    document = _read_json_object(value, max_bytes)
    try:
        event = VideoTranscribed.model_validate(document, by_alias=True, by_name=False)
    except ValidationError as error:
        raise InvalidEventError(InvalidEventReason.INVALID_FIELD, _describe(error)) from None
    _check_message_key(key, event.video_id)
    return event


def _read_json_object(value: bytes | None, max_bytes: int) -> dict[str, object]:
    if value is None:
        raise InvalidEventError(InvalidEventReason.TOMBSTONE, "the message has no value")
    if len(value) > max_bytes:
        raise InvalidEventError(InvalidEventReason.TOO_LARGE, f"{len(value)} bytes, the limit is {max_bytes}")
    try:
        text = value.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidEventError(InvalidEventReason.NOT_UTF8, f"byte {error.start} is not UTF-8") from None
    try:
        # Unlike the standard library's, this parser bounds nesting by itself, whatever the depth of our stack.
        document = from_json(text, allow_inf_nan=False, cache_strings="none")
    except ValueError as error:
        deep = "recursion limit" in str(error)
        reason = InvalidEventReason.TOO_DEEP if deep else InvalidEventReason.NOT_JSON
        raise InvalidEventError(reason, str(error)) from None
    if not isinstance(document, dict):
        raise InvalidEventError(InvalidEventReason.NOT_AN_OBJECT, f"the JSON value is a {type(document).__name__}")
    return document


def _check_message_key(key: bytes | None, video_id: int) -> None:
    digits = (key or b"").strip()
    if not digits.isdigit():
        return
    if digits.lstrip(b"0") != str(video_id).encode():
        raise InvalidEventError(
            InvalidEventReason.KEY_MISMATCH, f"the message key is the number of another video than videoId ({video_id})"
        )


def _describe(error: ValidationError) -> str:
    """Name the fields and their faults, without the values: those are a stranger's text."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    told = [
        f"{problem['loc'][0] if problem['loc'] else 'event'}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in problems[:_MOST_PROBLEMS_TOLD]
    ]
    return "; ".join(told)
