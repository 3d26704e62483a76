"""A source and a summary of it, cut into units once, for all components to read.

Belongs here: what several components need to know of the two texts. Does not belong here: what it is worth.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from summary_pipeline.summarization.quality import text_units
from summary_pipeline.summarization.quality.languages import function_units, is_content
from summary_pipeline.summarization.quality.text_units import Units
from summary_pipeline.summarization.sentences import split_sentences

BLOCK = 24
"""Units in a block of the source, about a sentence. A summary's sentence is looked for in windows of three half blocks and more."""
HALF_BLOCK = BLOCK // 2
LONGEST_SUMMARY = 20_000
"""Characters of a summary whose sentences are looked at: some ten times what a summary may have, and its length is judged as a whole."""

_LIST_ITEM = re.compile(r"^\s*(?:[-*•‣▪–—]|\d{1,2}[.)])\s+", re.MULTILINE)
_TURN = re.compile(r"^[^\W\d_][^:：\n]{0,40}[:：]", re.MULTILINE)
_SHORT_SOURCE = 1_000
_LONG_SOURCE = 5_000


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
    sentences = [units for sentence in split_sentences(parts) if len(units := text_units.cut(sentence))]
    whole = text_units.cut(text)
    return Summary(text, whole, sentences, items if items > 1 else 0, text_units.length_in_words(whole.units))


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
    words = text_units.length_in_words(units.units)
    function = function_units(language, counts)
    return Source(text, units, counts, function, positions, frozenset(pairs), words, _speech(text, words))


def content(units: list[str], function: frozenset[str]) -> list[str]:
    """Return the units that carry content, in order."""
    return [unit for unit in units if is_content(unit, function)]


def unit_pairs(summary: Summary) -> list[tuple[str, str]]:
    """Return the neighbouring units within the summary's sentences, in order."""
    return [pair for sentence in summary.sentences for pair in pairwise(sentence.units)]


def _speech(text: str, words: float) -> float:
    """Say how far a source is speech: dialogue where most lines open with a speaker, and long sources the more the longer.

    Nothing else that needs no language tells a transcript without speakers from prose; a summary of a long source can't quote it anyway.
    """
    lines = text[:200_000].count("\n") + 1
    if lines >= 4 and len(_TURN.findall(text[:200_000])) >= lines / 2:
        return 1.0
    return min(1.0, max(0.0, math.log(max(words, 1) / _SHORT_SOURCE) / math.log(_LONG_SOURCE / _SHORT_SOURCE)))
