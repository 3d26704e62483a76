"""From failures' messages to their types.

Belongs here: what two messages must share to be one type. Does not belong here: counting.
"""

import re
from typing import Final

_VARYING: Final = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b(?:s3|https?)://\S*[^\s.,:;]"), "<address>"),
    (re.compile(r"\b[\w.-]+(?:/[\w.-]+)+\.(?:json|vtt|srt|txt)\b"), "<file>"),
    (re.compile(r"'[^']*'|\"[^\"]*\"|«[^»]*»"), "<text>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "<n>"),
)
"""In this order: an id holds numbers, an address may hold both."""
MAX_CHARACTERS: Final = 200


def failure_type(message: str) -> str:
    """Return ``message`` without what differs from case to case: ids, addresses, files, quoted texts, numbers."""
    for pattern, name in _VARYING:
        message = pattern.sub(name, message)
    message = " ".join(message.split())
    return message if len(message) <= MAX_CHARACTERS else f"{message[: MAX_CHARACTERS - 1]}…"
