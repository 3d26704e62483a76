"""The JSON forms: a list of snippets, the same under ``snippets`` or ``segments``, ``{"text"}`` alone."""

import json
import re
from collections.abc import Sequence

from summary_pipeline.summarization.normalization import RawSnippet
from summary_pipeline.summarization.parsing.plain_text import read_plain_text
from summary_pipeline.summarization.parsing.times import seconds
from summary_pipeline.summarization.parsing.transcript_errors import UnreadableTranscriptError

_LIST_KEYS = ("snippets", "segments")
_EXPECTED_ITEM = 'an object such as {"text": "...", "start": 0.0, "duration": 1.0}'
_LOOKS_LIKE_JSON = re.compile(r"""\{\s*["'}]|\[\s*[\[{"'\]]""")
_LOOKS_LIKE_PART_OF_JSON = re.compile(r'"\s*:\s*(?:["\[{\d-]|null|true|false)')
_LONGEST_INTEGER = 400


def looks_like_json(text: str) -> bool:
    """Say whether ``text``, which starts with no white space, is meant to be JSON, though it may be broken.

    ``[Music]`` and ``[1] A line of text`` are not, nor is ``{vocalsound}``.
    """
    return _LOOKS_LIKE_JSON.match(text) is not None


def looks_like_part_of_json(text: str) -> bool:
    """Say whether ``text`` is a piece of JSON whose start is missing."""
    pairs = len(_LOOKS_LIKE_PART_OF_JSON.findall(text))
    return pairs >= 2 and pairs * 300 >= len(text)


def load_json(text: str, *, key: str) -> object:
    """Return the value that ``text`` stands for. NaN and infinity are let in: times may be anything.

    Raises:
        UnreadableTranscriptError: it is not JSON, or it is nested too deep.
    """
    try:
        return json.loads(text, strict=False, parse_int=_integer)
    except RecursionError as error:
        raise UnreadableTranscriptError(key, "JSON that is nested hundreds of levels deep") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}, character {error.pos} of {len(text)}"
        raise UnreadableTranscriptError(key, f"malformed JSON ({error.msg})", where) from error


def read_json(document: object, *, key: str) -> tuple[list[RawSnippet], str | None]:
    """Return the snippets of a JSON document and the language that it states.

    Raises:
        UnreadableTranscriptError: it has none of the known forms.
    """
    if isinstance(document, list):
        return _read_items(document, key, "the list"), None
    if isinstance(document, dict):
        return _read_object(document, key), _text_or_none(document.get("language"))
    raise UnreadableTranscriptError(key, f"JSON that is {_kind(document)}", "the top level")


def _read_object(document: dict[str, object], key: str) -> list[RawSnippet]:
    known = False
    for name in _LIST_KEYS:
        items = document.get(name)
        if items is None:
            known = known or name in document
            continue
        if not isinstance(items, list):
            raise UnreadableTranscriptError(key, _kind(items), f'"{name}"', "a list of snippets")
        known = True
        snippets = _read_items(items, key, f'"{name}"')
        if any(snippet.text.strip() for snippet in snippets):
            return snippets
    text = document.get("text")
    if isinstance(text, str):
        return read_plain_text(text)
    if text is not None:
        raise UnreadableTranscriptError(key, _kind(text), '"text"', "a string")
    if known or "text" in document:
        return []
    raise UnreadableTranscriptError(key, f"a JSON object with {_names(document)}", "the top level")


def _read_items(items: Sequence[object], key: str, where: str) -> list[RawSnippet]:
    snippets = [_read_item(item, key, f"index {index} of {where}") for index, item in enumerate(items)]
    objects = [item for item in items if isinstance(item, dict)]
    if objects and not any("text" in item for item in objects) and not any(isinstance(item, str) for item in items):
        found = f'objects without "text", the first with {_names(objects[0])}'
        raise UnreadableTranscriptError(key, found, where, _EXPECTED_ITEM)
    return snippets


def _read_item(item: object, key: str, where: str) -> RawSnippet:
    if item is None:
        return RawSnippet("")
    if isinstance(item, str):
        return RawSnippet(item)
    if not isinstance(item, dict):
        raise UnreadableTranscriptError(key, _kind(item), where, _EXPECTED_ITEM)
    text = item.get("text")
    if isinstance(text, int | float) and not isinstance(text, bool):
        text = str(text)
    elif isinstance(text, list) and all(isinstance(part, str) for part in text):
        text = " ".join(text)
    elif text is None:
        text = ""
    elif not isinstance(text, str):
        raise UnreadableTranscriptError(key, _kind(text), f'"text" of {where}', "a string")
    return RawSnippet(text, *_read_times(item))


def _read_times(item: dict[str, object]) -> tuple[float | None, float | None]:
    """Return start and end; two of start, end and duration tell the third."""
    start, end, duration = seconds(item.get("start")), seconds(item.get("end")), seconds(item.get("duration"))
    if duration is not None:
        if end is None and start is not None:
            end = start + duration
        elif start is None and end is not None and end >= duration:
            start = end - duration
    return start, end


def _integer(digits: str) -> int | float:
    """Read an integer of any length: Python refuses very long ones, and none of them is a time."""
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, list) else "an object"


def _names(item: dict[str, object]) -> str:
    """Name the keys of an object. Only ones that look like names: keys may hold anything."""
    names = [name for name in item if name.isidentifier() and name.isascii() and len(name) <= 40][:8]
    listed = ", ".join(names) or "none that is a name"
    if not item:
        return "no keys"
    return f"the keys {listed}" + (" and more" if len(item) > len(names) else "")
