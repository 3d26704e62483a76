"""What a summary has of its source: content, timeline, order, support, and stretches that are copied.

Belongs here: components that compare the two texts' units. Does not belong here: names and numbers (``facts``), the summary alone (``form``).
"""

import math
from collections import Counter
from dataclasses import dataclass
from itertools import islice, pairwise

from summary_pipeline.summarization.quality.documents import HALF_BLOCK, Source, Summary, content, unit_pairs

TIMELINE_PARTS = 4
_ENOUGH_PARTS = 3
"""Quarters of the source from which something has to be in the summary; the last one seldom brings anything new."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where in the source a sentence of the summary is best backed: by what share of its weight, and where, 0 to 1."""

    backed: float
    position: float | None


@dataclass(frozen=True, slots=True)
class Copy:
    """The longest stretch that the summary takes over from the source: its share of the summary, its length, its place in the source."""

    share: float
    units: int
    at: int


def enough(source: Source, *, prose: float, speech: float) -> float:
    """Return the level at which a component is full: edited prose can be quoted, speech has to be put in other words."""
    return prose + (speech - prose) * source.speech


def content_coverage(source: Source, summary: Summary) -> float:
    """Return how alike the two texts' distributions of content are: 1 minus their Jensen-Shannon divergence (base 2), in [0, 1].

    Source: Lin, Cao, Gao, Nie, "An information-theoretic approach to automatic evaluation of summaries" (2006); Louis and Nenkova (2013).
    """
    ours = Counter(content(summary.units.units, source.function))
    theirs = Counter({unit: count for unit, count in source.counts.items() if content([unit], source.function)})
    total_ours, total_theirs = ours.total(), theirs.total()
    if not total_ours or not total_theirs:
        return 0.0
    shared = 0.0
    # What only one text has adds to the divergence what it has of that text's mass, so only shared units have to be visited.
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
    """Return the share of steps from sentence to sentence that do not go back by more than a tenth of the source."""
    positions = [sentence.position for sentence in located if sentence.position is not None]
    if len(positions) < 2:
        return None
    back = sum(after < before - 0.1 for before, after in pairwise(positions))
    return 1 - back / (len(positions) - 1)


def vocabulary(source: Source, summary: Summary) -> float | None:
    """Return the share of the summary's content that the source has anywhere."""
    terms = content(summary.units.units, source.function)
    return sum(term in source.counts for term in terms) / len(terms) if terms else None


def phrases(source: Source, summary: Summary, length: int) -> float | None:
    """Return the share of runs of ``length`` units (2 or 3) whose neighbours are all neighbours in the source too."""
    runs = found = 0
    for sentence in summary.sentences:
        known = [pair in source.pairs for pair in pairwise(sentence.units)]
        windows = [all(known[start : start + length - 1]) for start in range(len(known) - length + 2)]
        runs += len(windows)
        found += sum(windows)
    return found / runs if runs else None


def word_order_evidence(source: Source, summary: Summary) -> float | None:
    """Return by how many standard deviations more pairs are neighbours in the source than if the summary's units stood in random order.

    The chance of a random pair is taken over all ordered pairs of the summary's units, so it needs no language and no sampling.
    """
    pairs = unit_pairs(summary)[:400]
    units = Counter(summary.units.units[:400])
    total = units.total()
    if len(pairs) < 12:
        return None
    ordered = total * (total - 1)
    chance = sum(units[a] * (units[b] - (a == b)) for a, b in source.pairs if a in units and b in units) / ordered
    if not 0 < chance < 1:
        return None
    seen = sum(pair in source.pairs for pair in pairs) / len(pairs)
    return (seen - chance) / math.sqrt(chance * (1 - chance) / len(pairs))


def longest_copy(source: Source, summary: Summary) -> Copy:
    """Find the longest run of units that stands in the source as it stands in the summary."""
    ours, theirs = summary.units.units[:2_000], source.units.units
    longest, at = 0, 0
    index = 0
    while index + longest < len(ours):
        here = 1
        for position in source.positions.get(ours[index], ()):
            # Only a run that also holds the unit after the longest one's end can beat it; most positions fail here.
            if theirs[position + longest : position + longest + 1] != ours[index + longest : index + longest + 1]:
                continue
            length = _run(ours, index, theirs, position)
            here = max(here, length)
            if length > longest:
                longest, at = length, position
        index += here
    return Copy(longest / max(1, len(ours)), longest, at)


def _run(ours: list[str], index: int, theirs: list[str], position: int) -> int:
    length = 0
    for one, other in zip(islice(ours, index, None), islice(theirs, position, None), strict=False):
        if one != other:
            break
        length += 1
    return length
