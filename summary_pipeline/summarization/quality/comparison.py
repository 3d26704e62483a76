"""What a summary has of its source: content, timeline, order, support, and stretches that are copied.

Belongs here: components that compare the two texts' units. Does not belong here: names and numbers (``facts``), the
summary alone (``form``).
"""

import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from summary_pipeline.summarization.quality.documents import HALF_BLOCK, Source, Summary, content, unit_pairs
from summary_pipeline.summarization.quality.languages import is_content

TIMELINE_PARTS = 4
_ANCHORS = 3
_LAST_UNITS = 4
_SENTENCE_ENDS = re.compile(r"[\"'”’)\]]*\s*(?:[.!?。！？।؟]|\n|$)")
_FEWEST_PAIRS = 12
_MOST_PLACES = 1_000
_TOPICS = 10
_COMMONEST = 300
"""So many of the commonest units are looked at for those of content."""
_SAME_PLACE = 0.01
"""Share of the source by which a sentence may stand before the one before it without going back."""
_ENOUGH_PARTS = 3
"""Quarters of the source from which something has to be in the summary; the last one seldom brings anything new."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where in the source a sentence of the summary is best backed: by what share of its weight, and where, 0 to 1."""

    backed: float
    position: float | None


@dataclass(frozen=True, slots=True)
class Copy:
    """The longest stretch taken over from the source: its share of the summary, its length, its place in the source."""

    share: float
    units: int
    at: int


def topics(source: Source, summary: Summary) -> float | None:
    """Return the share of the source's commonest words of content that the summary has: what the source is about."""
    commonest = [unit for unit, _ in source.counts.most_common(_COMMONEST) if is_content(unit, source.function)]
    told = set(summary.units.units)
    return sum(unit in told for unit in commonest[:_TOPICS]) / min(_TOPICS, len(commonest)) if commonest else None


def likeness(source: Source, summary: Summary) -> float:
    """Return 1 minus the Jensen-Shannon divergence (base 2) of the two texts' content, in [0, 1].

    Source: Lin, Cao, Gao, Nie, "An information-theoretic approach to automatic evaluation of summaries" (2006); Louis
    and Nenkova (2013).
    """
    ours = Counter(content(summary.units.units, source.function))
    theirs = Counter({unit: count for unit, count in source.counts.items() if is_content(unit, source.function)})
    total_ours, total_theirs = ours.total(), theirs.total()
    if not total_ours or not total_theirs:
        return 0.0
    shared = 0.0
    # What only one text has takes its whole mass away from the likeness, so only shared units have to be visited.
    for unit in ours.keys() & theirs.keys():
        p, q = ours[unit] / total_ours, theirs[unit] / total_theirs
        middle = (p + q) / 2
        shared += (p + q) / 2 - (p * math.log2(p / middle) + q * math.log2(q / middle)) / 2
    return min(1.0, max(0.0, shared))


def locate(source: Source, summary: Summary) -> list[Located]:
    """Find for each sentence with content the window of the source (some 36 units) that backs most of its weight."""
    located = []
    for sentence in summary.sentences:
        terms = set(content(sentence.units, source.function))
        weights = {term: source.weight(term) for term in sorted(terms)}
        total = sum(weights.values())
        if total <= 0:
            continue
        windows: dict[int, float] = {}
        for term, weight in weights.items():
            starts = {position // HALF_BLOCK - back for position in source.positions[term] for back in (0, 1, 2)}
            for start in starts:
                windows[start] = windows.get(start, 0.0) + weight
        if not windows:
            located.append(Located(0.0, None))
            continue
        best = max(windows.values())
        start = min(window for window, weight in windows.items() if weight >= best - 1e-9)
        position = (start + 1.5) * HALF_BLOCK / max(1, len(source.units))
        located.append(Located(best / total, min(0.999, max(0.0, position))))
    return located


def timeline_coverage(located: list[Located]) -> float:
    """Return how many quarters of the source the sentences come from; three are enough."""
    parts = {int(sentence.position * TIMELINE_PARTS) for sentence in located if sentence.position is not None}
    return min(1.0, len(parts) / _ENOUGH_PARTS)


def order(located: list[Located]) -> float | None:
    """Return the share of sentences that do not go back in the source behind the one before them."""
    positions = [sentence.position for sentence in located if sentence.position is not None]
    if not positions:
        return None
    return 1 - sum(before - after > _SAME_PLACE for before, after in pairwise(positions)) / len(positions)


def vocabulary(source: Source, summary: Summary) -> float | None:
    """Return the share of the summary's content that the source has anywhere."""
    terms = content(summary.units.units, source.function)
    return sum(term in source.counts for term in terms) / len(terms) if terms else None


def phrases(source: Source, summary: Summary) -> float | None:
    """Return the share of runs of three units of which each is the neighbour of the next in the source too."""
    runs = found = 0
    for sentence in summary.sentences:
        known = [pair in source.pairs for pair in pairwise(sentence.units)]
        both = [one and other for one, other in pairwise(known)]
        runs += len(both)
        found += sum(both)
    return found / runs if runs else None


def whole_sentences(source: Source, summary: Summary) -> float | None:
    """Return how far sentences end where the source's do: 1 if so, 0 if the source goes on, 0.5 if it has no such end.

    A sentence that was taken over and cut short says less than what the source says, or something else.
    """
    ends = [_ends_whole(source, sentence.units[-2:]) for sentence in summary.sentences if len(sentence) > 2]
    return sum(ends) / len(ends) if ends else None


def _ends_whole(source: Source, last: list[str]) -> float:
    units = source.units
    worth = 0.5
    for position in source.positions.get(last[-1], ())[:_MOST_PLACES]:
        if position and units.units[position - 1] == last[0]:
            worth = 0.0
            if _SENTENCE_ENDS.match(source.text, units.offsets[position] + len(units.surfaces[position])):
                return 1.0
    return worth


def is_word_salad(source: Source, summary: Summary) -> bool:
    """Say whether the summary's units stand in no better order than chance.

    Compared are the pairs of neighbours that the source has too with those that a random order of the same units would
    have: the chance is taken over all ordered pairs, so it needs neither a language nor sampling. Good summaries of 70
    units and more lie five standard deviations and more above it; with fewer pairs the evidence is weaker, and less is
    asked for.
    """
    pairs = unit_pairs(summary)[:400]
    units = Counter(summary.units.units[:400])
    total = units.total()
    if len(pairs) < _FEWEST_PAIRS:
        return False
    chance = sum(units[a] * (units[b] - (a == b)) for a, b in source.pairs if a in units and b in units) / (
        total * (total - 1)
    )
    if not 0 < chance < 1:
        return False
    seen = sum(pair in source.pairs for pair in pairs) / len(pairs)
    deviations = (seen - chance) / math.sqrt(chance * (1 - chance) / len(pairs))
    return deviations < min(3.0, max(0.5, (len(pairs) - 10) / 10))


def longest_copy(source: Source, summary: Summary) -> Copy:
    """Find the longest run of units that stands in the source as in the summary, if it takes most of the summary.

    A run of four fifths and more holds all of the middle, so it is looked for around the rarest units there. Single
    units that were replaced do not end it: a copy with a wrong name is still a copy.
    """
    ours, theirs = summary.units.units, source.units.units
    edge = len(ours) // 5
    middle = sorted(
        range(edge, len(ours) - edge),
        key=lambda index: (len(source.positions.get(ours[index], ())) or len(theirs), index),
    )
    longest = Copy(0.0, 0, 0)
    for anchor in middle[:_ANCHORS]:
        for position in source.positions.get(ours[anchor], ())[:_MOST_PLACES]:
            before = _alike(ours, anchor - 1, theirs, position - 1, -1)
            after = _alike(ours, anchor, theirs, position, 1)
            if before + after > longest.units:
                longest = Copy((before + after) / len(ours), before + after, position - before)
    return longest


def ends_like_source(source: Source, summary: Summary) -> bool:
    """Say whether the last words end a sentence or a line of the source too: then only a full stop was left out."""
    last = summary.units.units[-_LAST_UNITS:]
    units = source.units
    for position in source.positions.get(last[-1], ()) if len(last) == _LAST_UNITS else ():
        if units.units[max(0, position - _LAST_UNITS + 1) : position + 1] == last:
            end = units.offsets[position] + len(units.surfaces[position])
            if _SENTENCE_ENDS.match(source.text, end):
                return True
    return False


def _alike(ours: list[str], index: int, theirs: list[str], position: int, step: int) -> int:
    """Return for how many units the two go on alike, forwards or backwards; single replaced ones are included."""
    length = 0
    while 0 <= index < len(ours) and 0 <= position < len(theirs):
        if ours[index] != theirs[position]:
            ahead = [
                ours[index + step * far] == theirs[position + step * far]
                for far in (1, 2, 3)
                if 0 <= index + step * far < len(ours) and 0 <= position + step * far < len(theirs)
            ]
            if not ahead or not all(ahead):
                break
        length, index, position = length + 1, index + step, position + step
    return length
