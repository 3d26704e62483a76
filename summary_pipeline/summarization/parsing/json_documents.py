"""The JSON forms: a list of snippets, the same under ``snippets`` or ``segments``, ``{"text"}`` alone."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from summary_pipeline.summarization.normalization import RawSnippet
from summary_pipeline.summarization.parsing.plain_text import read_plain_text
from summary_pipeline.summarization.parsing.times import seconds
from summary_pipeline.summarization.parsing.transcript_errors import UnreadableTranscriptError

_LIST_KEYS = ("snippets", "segments")
_BESIDE_SPEECH = frozenset({
    "id", "uuid", "segmentid", "speaker", "speakerid", "role", "name", "voice", "channel", "type", "kind", "lang",
    "language", "locale", "source", "model", "status", "confidence", "start", "end", "duration",
})  # fmt: skip
"""What an item without text may say all the same, in words."""

_ONE_BY_ONE = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_WORD = re.compile(rf"[{_ONE_BY_ONE}]|[^\W{_ONE_BY_ONE}]+")
"""A word, or a character of a script that sets no spaces between words."""

_TOLERATED = 0.05
"""The part of the words that may differ between two forms of the same speech: numbers, names of speakers."""

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
    forms: dict[str, list[RawSnippet]] = {}
    for name in _LIST_KEYS:
        items = document.get(name)
        if isinstance(items, list):
            forms[name] = _read_items(items, key, f'"{name}"')
        elif isinstance(items, str | dict) or (items is not None and not any(forms.values())):
            raise UnreadableTranscriptError(key, _kind(items), f'"{name}"', "a list of snippets")
    text = document.get("text")
    if isinstance(text, str):
        forms["text"] = read_plain_text(text)
    spoken = {name: form for name, form in forms.items() if any(snippet.text.strip() for snippet in form)}
    if spoken:
        return spoken[_fullest(spoken, key)]
    if text is not None and not isinstance(text, str):
        raise UnreadableTranscriptError(key, _kind(text), '"text"', "a string")
    if document.keys() & {*_LIST_KEYS, "text"}:
        return []
    raise UnreadableTranscriptError(key, f"a JSON object with {_names(document)}", "the top level")


def _fullest(forms: Mapping[str, Sequence[RawSnippet]], key: str) -> str:
    """Choose the form to read: the first, which has times, unless another one clearly holds more words.

    Times are worth less than words, so the form with all of them is read, without times if it is ``text``. Where a list
    holds words that the chosen form lacks, neither may be left out, and nothing says which is the transcript. A shorter
    ``text`` beside a list is left out, whatever it says: it may be a title.
    """
    if len(forms) == 1:
        return next(iter(forms))
    words = {name: _words(form) for name, form in forms.items()}
    most = max(counts.total() for counts in words.values())
    chosen = next(name for name, counts in words.items() if counts.total() * (1 + _TOLERATED) >= most)
    for name, counts in words.items():
        if name not in {chosen, "text"} and (counts - words[chosen]).total() > _TOLERATED * counts.total():
            first, second = (f'"{one}"' for one in words if one in {name, chosen})
            found = f"unlike speech in {first} and {second}"
            raise UnreadableTranscriptError(key, found, "the top level", "one of them, or the same speech in both")
    return chosen


def _words(form: Sequence[RawSnippet]) -> Counter[str]:
    return Counter(word for snippet in form for word in _WORD.findall(snippet.text.casefold()))


def _read_items(items: Sequence[object], key: str, where: str) -> list[RawSnippet]:
    objects = [item for item in items if isinstance(item, dict)]
    if objects and not any("text" in item for item in objects) and not any(isinstance(item, str) for item in items):
        found = f'objects without "text", the first with {_names(objects[0])}'
        raise UnreadableTranscriptError(key, found, where, _EXPECTED_ITEM)
    return [_read_item(item, key, f"index {index} of {where}") for index, item in enumerate(items)]


def _read_item(item: object, key: str, where: str) -> RawSnippet:
    if item is None:
        return RawSnippet("")
    if isinstance(item, str):
        return RawSnippet(item)
    if not isinstance(item, dict):
        raise UnreadableTranscriptError(key, _kind(item), where, _EXPECTED_ITEM)
    if "text" not in item and _may_hold_speech(item):
        raise UnreadableTranscriptError(key, f'no "text", with {_names(item)}', where, _EXPECTED_ITEM)
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


def _may_hold_speech(item: dict[str, object]) -> bool:
    """Say whether words stand anywhere in ``item`` but under the names of what is no speech."""
    left: list[object] = [item]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += [inner for name, inner in value.items() if name.casefold().replace("_", "") not in _BESIDE_SPEECH]
        elif isinstance(value, list):
            left += value
        elif isinstance(value, str) and any(map(str.isalpha, value)) and seconds(value) is None:
            return True
    return False


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
