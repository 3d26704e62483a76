"""From what a document holds to a transcript that can be relied on: clean text, usable times, no repetitions.

Belongs here: the rules, the same for every form of document. Does not belong here: reading documents (``parsing``).

A normalized transcript keeps these promises:

- No snippet is empty. A snippet is one line: white space of any kind has become single spaces, and there is none at the
  ends.
- Text is in Unicode's normal form C: it means the same in fewer tokens. Not in KC, which would change what is meant
  (``x²``).
- There is nothing that PostgreSQL, JSON or UTF-8 can't hold (NUL, lone surrogates, which become U+FFFD), and nothing
  that can't be seen: control characters, marks of direction, byte order marks, tag characters. Joiners stay, since
  scripts and emoji need them.
- HTML entities are characters, and tags of captions are gone; ``<v Name>`` has become ``Name:``.
- Noise is gone: ``[Music]``, ``(applause)``, ``♪``, in the languages that captions are mostly in. What may be speech
  stays, and so does ``[inaudible]``: speech is missing.
- Words that rolling captions show again are there once. It takes a transcript in which most captions do so: people
  repeat themselves.
- Snippets are in the order of their starts; one without a start stays behind the one it followed. Times are finite and
  not negative, and an end is not before its start; where a time is not usable there is None. Snippets may overlap, as
  speakers do.
"""

import html
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from summary_pipeline.summarization.characters import INVISIBLE, SURROGATE
from summary_pipeline.summarization.languages import primary_tag
from summary_pipeline.summarization.noise import without_noise
from summary_pipeline.summarization.transcript import Snippet, Transcript

# What follows a tag's name is an attribute: "if a<b and c>d" is speech.
_ATTRIBUTES = r"(?:\s{1,20}[\w:-]{1,40}\s{0,20}=[^<>]{0,200})?\s{0,20}/?"
_BREAK_TAG = re.compile(rf"</?(?:br|p|div){_ATTRIBUTES}>", re.IGNORECASE)
_VOICE_TAG = re.compile(r"<v(?:\.[^\s<>]{0,100})?\s([^<>]{1,100})>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:[cibusva]|ruby|rt|rp|font|span|em|strong|sub|sup|small|big)"
    rf"(?:\.[^\s<>]{{0,200}})?{_ATTRIBUTES}>"
    r"|</?lang(?:[.\s][^<>]{0,200})?>"
    r"|<\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?>",
    re.IGNORECASE,
)
_SUBSTATION_TAG = re.compile(r"\{\\[^{}]{1,100}\}")
# Only with its semicolon: "?a=1&copy=2" is an address, though HTML would read a sign in it.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ENDLESS_ENTITY = re.compile(r"&#[xX]?[0-9a-fA-F]{9,};?")
_WORD_TO_NORMALIZE = 200
"""Python takes the square of the time for a long run of accents, so words are normalized in pieces of this size."""

_OVERLAP_WORDS = 100
_ROLLING_PAIRS = 2
_LATEST_SECONDS = 1e8


@dataclass(frozen=True, slots=True)
class RawSnippet:
    """A snippet as a document has it. Times are seconds; they may be anything."""

    text: str
    start: float | None = None
    end: float | None = None


def normalize(snippets: Iterable[RawSnippet], *, language: str | None = None) -> Transcript:
    """Return the normalized transcript of ``snippets``. It has none where nothing but noise was said.

    ``language`` is a tag or an English name, as documents state it; what is not recognized becomes None.
    """
    cleaned = [_cleaned(snippet) for snippet in snippets]
    spoken = _ordered([snippet for snippet in cleaned if snippet.text])
    unrolled = _without_rolling(_without_duplicates(spoken))
    return Transcript(
        snippets=tuple(Snippet(text=snippet.text, start=snippet.start, end=snippet.end) for snippet in unrolled),
        language=primary_tag(language),
    )


def clean_text(text: str) -> str:
    """Return ``text`` as a normalized transcript has it: a line, empty where there was nothing but noise."""
    if SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = _without_markup(text)
    text = _composed(" ".join(INVISIBLE.sub("", text).split()))
    return without_noise(text)


def _cleaned(snippet: RawSnippet) -> RawSnippet:
    start, end = _usable(snippet.start), _usable(snippet.end)
    if start is not None and end is not None and end < start:
        end = None
    return RawSnippet(clean_text(snippet.text), start, end)


def _usable(time: float | None) -> float | None:
    if time is None or not math.isfinite(time) or not 0 <= time <= _LATEST_SECONDS:
        return None
    return time


def _without_markup(text: str) -> str:
    """Take tags out and resolve entities, in this order: an escaped ``&lt;b&gt;`` is text. Some are escaped twice."""
    if "<" in text:
        text = _TAG.sub("", _VOICE_TAG.sub(r" \1: ", _BREAK_TAG.sub(" ", text)))
    if "{\\" in text:
        text = _SUBSTATION_TAG.sub("", text)
    for _ in range(2):
        if "&" in text:
            # Python refuses to read a number of thousands of digits.
            text = _ENTITY.sub(_character, _ENDLESS_ENTITY.sub("\ufffd", text))
    return text


def _character(entity: re.Match[str]) -> str:
    return html.unescape(entity[0])


def _composed(text: str) -> str:
    if text.isascii():
        return text
    if len(text) <= _WORD_TO_NORMALIZE:
        return unicodedata.normalize("NFC", text)
    return " ".join(
        "".join(
            unicodedata.normalize("NFC", word[start : start + _WORD_TO_NORMALIZE])
            for start in range(0, len(word), _WORD_TO_NORMALIZE)
        )
        for word in text.split(" ")
    )


def _ordered(snippets: list[RawSnippet]) -> list[RawSnippet]:
    """Sort by start. One without a start keeps its place behind the snippet before it."""
    keys: list[float] = []
    latest = -math.inf
    for snippet in snippets:
        latest = latest if snippet.start is None else snippet.start
        keys.append(latest)
    if all(earlier <= later for earlier, later in pairwise(keys)):
        return snippets
    order = sorted(range(len(snippets)), key=keys.__getitem__)
    return [snippets[index] for index in order]


def _without_duplicates(snippets: Sequence[RawSnippet]) -> list[RawSnippet]:
    """Drop a snippet that says the same at the same time as the one before it."""
    kept: list[RawSnippet] = []
    for snippet in snippets:
        if kept and snippet.start is not None and (snippet.start, snippet.text) == (kept[-1].start, kept[-1].text):
            continue
        kept.append(snippet)
    return kept


def _without_rolling(snippets: list[RawSnippet]) -> list[RawSnippet]:
    """Drop the words that a caption shows again from the one before it, if that is how these captions work."""
    words = [snippet.text.split(" ") for snippet in snippets]
    overlaps = [_overlap(earlier, later) for earlier, later in pairwise(words)]
    if not _is_rolling(words, overlaps):
        return snippets
    kept = snippets[:1]
    for snippet, shown, repeated in zip(snippets[1:], words[1:], overlaps, strict=True):
        if repeated < len(shown):
            kept.append(replace(snippet, text=" ".join(shown[repeated:])) if repeated else snippet)
    return kept


def _is_rolling(words: Sequence[Sequence[str]], overlaps: Sequence[int]) -> bool:
    """Say whether captions roll: most start with what the last one ended with, and one of the two says more than that.

    Captions that are equal prove nothing: that is also what a refrain looks like.
    """
    rolling = different = 0
    for (earlier, later), overlap in zip(pairwise(words), overlaps, strict=True):
        if overlap == len(earlier) == len(later):
            continue
        different += 1
        shared = " ".join(later[:overlap])
        # A word or two may be repeated by chance; a line of a script without spaces is one word here.
        rolling += len(shared) >= (8 if shared.isascii() else 4)
    return rolling >= _ROLLING_PAIRS and rolling * 2 >= different


def _overlap(earlier: Sequence[str], later: Sequence[str]) -> int:
    """Return the largest number of words that ``earlier`` ends with and ``later`` starts with."""
    first = later[0]
    tail = earlier[-_OVERLAP_WORDS:]
    if first not in tail:
        return 0
    for start, word in enumerate(tail):
        length = len(tail) - start
        if word == first and list(later[:length]) == list(tail[start:]):
            return length
    return 0
