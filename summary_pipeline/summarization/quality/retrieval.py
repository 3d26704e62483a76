"""Passages of a long transcript, for a judge that can't be shown all of it.

Belongs here: cutting a transcript into windows, finding those that a sentence is about, and an extract of the whole.
Does not belong here: what is asked about them (``judge``).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from summary_pipeline.summarization.quality import languages, text_units
from summary_pipeline.summarization.quality.documents import content

WINDOW_UNITS = 160
"""Units (words) in a window: about a minute of speech."""
_STEP = WINDOW_UNITS // 2
_K1 = 1.2
_B = 0.75
"""The usual parameters of BM25."""


@dataclass(frozen=True, slots=True)
class Window:
    """A passage of the transcript, the ``number``-th, and how often each unit of content stands in it."""

    number: int
    text: str
    counts: Counter[str]
    length: int


class Passages:
    """A transcript in windows that overlap by half."""

    def __init__(self, transcript: str) -> None:
        text = text_units.normalized(transcript)
        units = text_units.cut(text)
        self._function = languages.function_units(languages.detect(units).main, Counter(units.units))
        self.windows = tuple(
            self._window(number, text, units, start)
            for number, start in enumerate(range(0, max(1, len(units) - _STEP), _STEP))
        )
        self._frequencies = Counter(unit for window in self.windows for unit in window.counts)
        self._average = sum(window.length for window in self.windows) / len(self.windows)

    def about(self, sentence: str, most: int) -> list[str]:
        """Return up to ``most`` windows that share most with ``sentence`` by BM25, in the transcript's order.

        Source: S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009).
        """
        terms = set(content(text_units.cut(text_units.normalized(sentence)).units, self._function))
        scored = [(self._relevance(window, terms), window) for window in self.windows]
        best = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: (-pair[0], pair[1].number))[:most]
        return _texts([window for _, window in best])

    def extract(self, parts: int) -> list[str]:
        """Return from each of ``parts`` equal stretches the window that has most of what the stretch is about."""
        stretch = max(1, math.ceil(len(self.windows) / parts))
        chosen = []
        for start in range(0, len(self.windows), stretch):
            windows = self.windows[start : start + stretch]
            told = sum((window.counts for window in windows), Counter())
            chosen.append(max(windows, key=lambda window: (sum(told[unit] for unit in window.counts), -window.number)))
        return _texts(chosen)

    def _window(self, number: int, text: str, units: text_units.Units, start: int) -> Window:
        end = min(start + WINDOW_UNITS, len(units))
        if start + WINDOW_UNITS + _STEP > len(units):
            end = len(units)
        last = units.offsets[end] if end < len(units) else len(text)
        first = units.offsets[start] if start else 0
        counts = Counter(content(units.units[start:end], self._function))
        return Window(number, text[first:last].strip(), counts, end - start)

    def _relevance(self, window: Window, terms: set[str]) -> float:
        total = 0.0
        for term in sorted(terms & window.counts.keys()):
            found = self._frequencies[term]
            rarity = math.log(1 + (len(self.windows) - found + 0.5) / (found + 0.5))
            times = window.counts[term]
            damped = times + _K1 * (1 - _B + _B * window.length / max(1.0, self._average))
            total += rarity * times * (_K1 + 1) / damped
        return total


def _texts(windows: Sequence[Window]) -> list[str]:
    return [window.text for window in sorted(windows, key=lambda window: window.number)]
