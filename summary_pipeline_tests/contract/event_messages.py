"""What tests of incoming events have in common."""

import json
from typing import Any

import pytest

from summary_pipeline.contract.events import InvalidEventError, parse_video_transcribed

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
