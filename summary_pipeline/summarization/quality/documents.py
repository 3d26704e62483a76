"""A source and a summary of it, cut into units once, for all components to read.

Belongs here: what several components need to know of the two texts. Does not belong here: what it is worth.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from summary_pipeline.summarization.quality import text_units
from summary_pipeline.summarization.quality.function_words import DIRECT_SPEECH
from summary_pipeline.summarization.quality.languages import function_units, is_content
from summary_pipeline.summarization.quality.text_units import Units
from summary_pipeline.summarization.sentences import ends_with_a_stop, split_sentences

BLOCK = 24
"""Units in a block of the source, about a sentence."""
HALF_BLOCK = BLOCK // 2
LONGEST_SUMMARY = 8_000
"""Characters of a summary that are looked at: some three times what it may have. Its length counts whole."""

_LIST_ITEM = re.compile(r"^\s*(?:[-*•‣▪–—]|\d{1,2}[.)])\s+", re.MULTILINE)
_DETACHED_STOP = re.compile(r"(\s[.!?])\s+")
"""A full stop between spaces is a tokenizer's, and ends a sentence whatever follows."""
_ANY_STOP = re.compile(r"(\w\w[.!?]|\s[.!?])\s+")
"""Without capitals, a full stop is all that shows where a sentence ends."""
_TURN = re.compile(r"^[^\W\d_][^:：\n]{0,40}[:：]", re.MULTILINE)
_SHORT_SOURCE = 1_000
_LONG_SOURCE = 5_000
_BRIEF = 250
_NOT_BRIEF = 750
"""Words of a brief exchange, and of a source that is none."""
_CAPTIONS = 0.2
"""Share of lines that end within a sentence, from which they are captions."""
_PROSE_TALK = 0.04
_SPEECH_TALK = 0.08
"""Shares of words such as "I" and "you", in prose with quotations and in speech."""


@dataclass(frozen=True, slots=True)
class Source:
    """A source that a summary is compared with. ``positions`` and ``pairs`` hold only the summary's units."""

    text: str
    units: Units
    counts: Counter[str]
    function: frozenset[str]
    positions: dict[str, list[int]]
    pairs: frozenset[tuple[str, str]]
    words: float
    speech: float
    """How far the source is free speech rather than edited prose, 0 to 1."""
    turns: dict[str, frozenset[str]]
    """In a chat or a short talk of several speakers: what each says, by the unit of each part of the speaker's name."""

    @property
    def brief(self) -> float:
        """How far the source is a brief exchange, of which a sentence or two tell everything, 0 to 1."""
        return self.speech * min(1.0, max(0.0, (_NOT_BRIEF - self.words) / (_NOT_BRIEF - _BRIEF)))

    @property
    def captioned(self) -> bool:
        """Whether its lines are captions, which break off within sentences. Those of an article are paragraphs."""
        lines = [line for line in self.text[:200_000].splitlines() if line.strip()]
        return len(lines) >= 4 and sum(not ends_with_a_stop(line) for line in lines) >= _CAPTIONS * len(lines)

    def weight(self, unit: str) -> float:
        """Return how telling a unit is: the rarer in the source, the more (inverse block frequency)."""
        blocks = len(self.units) // BLOCK + 1
        found = len({position // BLOCK for position in self.positions.get(unit, ())})
        return math.log((blocks + 1) / (found + 0.5))


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary, by sentence and as a whole. Items of a list count as sentences."""

    text: str
    units: Units
    sentences: list[Units]
    items: int
    words: float


def read_summary(text: str) -> Summary:
    """Cut a normalized summary into sentences and units."""
    shown = text[:LONGEST_SUMMARY]
    items = len(_LIST_ITEM.findall(shown))
    parts = _LIST_ITEM.sub("\n\n", shown) if items > 1 else shown
    parts = (_DETACHED_STOP if any(map(str.isupper, parts)) else _ANY_STOP).sub(r"\1\n\n", parts)
    sentences = [units for sentence in split_sentences(parts) if len(units := text_units.cut(sentence))]
    units = text_units.cut(shown)
    return Summary(text, units, sentences, items if items > 1 else 0, units.words * len(text) / max(1, len(shown)))


def read_source(units: Units, text: str, summary: Summary, language: str | None) -> Source:
    """Index a source for comparison with a summary. ``units`` are those of the normalized ``text``."""
    counts = Counter(units.units)
    wanted = set(summary.units.units).union(*(sentence.units for sentence in summary.sentences))
    positions: dict[str, list[int]] = {unit: [] for unit in wanted}
    pairs: set[tuple[str, str]] = set()
    before = ""
    for position, unit in enumerate(units.units):
        if unit in wanted:
            positions[unit].append(position)
            if before in wanted:
                pairs.add((before, unit))
        before = unit
    function = function_units(language, counts)
    speech = _speech(text, units, language)
    turns = _turns(text) if units.words < _NOT_BRIEF else {}
    return Source(text, units, counts, function, positions, frozenset(pairs), units.words, speech, turns)


def enough(source: Source, *, prose: float, speech: float, brief: float | None = None) -> float:
    """Return the level at which something is full: prose can be quoted, speech has to be put in other words.

    ``brief`` is the level for a brief exchange, where it is another one than for speech.
    """
    level = prose + (speech - prose) * source.speech
    return level if brief is None else level + (brief - speech) * source.brief


def content(units: list[str], function: frozenset[str]) -> list[str]:
    """Return the units that carry content, in order."""
    return [unit for unit in units if is_content(unit, function)]


def unit_pairs(summary: Summary) -> list[tuple[str, str]]:
    """Return the neighbouring units within the summary's sentences, in order."""
    return [pair for sentence in summary.sentences for pair in pairwise(sentence.units)]


def direct_speech(units: Units, language: str | None) -> float | None:
    """Return the share of words that people say of themselves or to each other, where the language's are known."""
    direct = DIRECT_SPEECH.get((language or "").partition("-")[0])
    if direct is None or not units.words:
        return None
    return sum(surface.lower() in direct for surface in units.surfaces) / units.words


def _turns(text: str) -> dict[str, frozenset[str]]:
    """Collect what each speaker says, where most lines open with one; nothing where they do not."""
    lines = [line for line in text.splitlines() if line.strip()]
    said: dict[str, set[str]] = {}
    opened = 0
    for line in lines:
        if match := _TURN.match(line):
            opened += 1
            spoken = text_units.cut(line).units
            for unit in text_units.cut(match.group()).units:
                said.setdefault(unit, set()).update(spoken)
    return {unit: frozenset(units) for unit, units in said.items()} if 2 * opened >= len(lines) else {}


def _speech(text: str, units: Units, language: str | None) -> float:
    """Say how far a source is speech rather than edited prose.

    It is where most lines open with a speaker or where people say "I" and "you"; and the more, the longer it is: in
    other languages nothing else shows it, and a summary of a long source can't quote it anyway.
    """
    lines = text[:200_000].count("\n") + 1
    if lines >= 4 and len(_TURN.findall(text[:200_000])) >= lines / 2:
        return 1.0
    length = math.log(max(units.words, 1) / _SHORT_SOURCE) / math.log(_LONG_SOURCE / _SHORT_SOURCE)
    talk = ((direct_speech(units, language) or 0.0) - _PROSE_TALK) / (_SPEECH_TALK - _PROSE_TALK)
    return min(1.0, max(0.0, length, talk))
