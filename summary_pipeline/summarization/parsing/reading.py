"""Which form a document has. Its content decides; the name of its file may be wrong and is used in errors only."""

import re

from summary_pipeline.summarization.normalization import RawSnippet, normalize
from summary_pipeline.summarization.parsing.cues import is_cues, read_cues
from summary_pipeline.summarization.parsing.decoding import decode
from summary_pipeline.summarization.parsing.json_documents import (
    load_json,
    looks_like_json,
    looks_like_part_of_json,
    read_json,
)
from summary_pipeline.summarization.parsing.plain_text import read_plain_text
from summary_pipeline.summarization.parsing.transcript_errors import EmptyTranscriptError, UnreadableTranscriptError
from summary_pipeline.summarization.transcript import Transcript

_PADDING = " \t\r\n\0\ufeff"
_MARKUP = re.compile(
    r"<(?:!--|(?:!doctype|\?xml|html|head|body|title|meta|script|div|table"
    r"|error|tt|timedtext|transcript|transcription|rss|svg)\b)",
    re.IGNORECASE,
)
_ROOT = re.compile(r"<(?P<name>!doctype html\b|[a-z][\w:-]*)", re.IGNORECASE)
_OF_HTML = frozenset({"!doctype html", "html", "head", "body", "title", "meta", "script", "div", "table"})
_MARKUP_SAMPLE = 2000
_JSON_WORDS = frozenset({"null", "true", "false", "NaN"})
_JSON_STARTS = frozenset('"[{-0123456789')


def parse_transcript(data: bytes, *, key: str) -> Transcript:
    """Read a transcript document of any known form. ``key`` is where it was found, for errors.

    The result is normalized: see ``normalization``. It holds at least one letter or digit.

    Raises:
        EmptyTranscriptError: there is no speech in it.
        UnreadableTranscriptError: it can't be read. No other exception is raised, whatever the bytes are.
    """
    text = decode(data, key=key).strip(_PADDING)
    if not text:
        raise EmptyTranscriptError(key, f"a document of {len(data)} bytes without text")
    snippets, language = _read(text, key)
    transcript = normalize(snippets, language=language)
    if not any(character.isalnum() for snippet in transcript.snippets for character in snippet.text):
        raise EmptyTranscriptError(key, f"{len(snippets)} snippets without speech" if snippets else "no snippets")
    return transcript


def _read(text: str, key: str) -> tuple[list[RawSnippet], str | None]:
    if looks_like_json(text):
        return read_json(load_json(text, key=key), key=key)
    document = _json_by_chance(text, key)
    if isinstance(document, str):
        # Some stores encode a document twice. Twice is enough.
        inner = document.strip(_PADDING)
        return _read(inner, key) if not inner.startswith('"') else (read_plain_text(inner), None)
    if document is not None:
        return read_json(document, key=key)
    if match := _MARKUP.match(text):
        root = _ROOT.search(text, 0, _MARKUP_SAMPLE)
        kind = "an HTML page" if root and root["name"].lower() in _OF_HTML else "markup"
        raise UnreadableTranscriptError(key, f"{kind} ({match.group().lower()})", "the first character")
    if is_cues(text):
        return read_cues(text)
    if looks_like_part_of_json(text):
        raise UnreadableTranscriptError(key, "a piece of JSON that does not start with { or [", "the first character")
    return read_plain_text(text), None


def _json_by_chance(text: str, key: str) -> object:
    """Return the JSON that ``text`` may be though it does not look it: a string, a number, a list of such."""
    if text in _JSON_WORDS:
        raise UnreadableTranscriptError(key, f"JSON that is {text}", "the top level")
    if text[:1] not in _JSON_STARTS:
        return None
    try:
        return load_json(text, key=key)
    except UnreadableTranscriptError:
        return None
