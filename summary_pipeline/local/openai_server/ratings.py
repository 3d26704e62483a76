"""Ratings: answers of one digit, for requests whose instructions ask for one on a scale.

Belongs here: recognizing such a request, and a rating that follows from the data alone. Does not belong here: what is
said otherwise (``answers``).

There is no model here, so a rating says what words can say: how much of the rated text stands in the material it is
about, or, where there is none, how little it repeats itself. Instructions within the data have no effect on it. A value
between two digits is given as the probability of both, as a model's would be.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from summary_pipeline.local.openai_server.chat_request import ChatRequest
from summary_pipeline.local.openai_server.request_data import find_blocks

_SCALE = re.compile(r"\bone digit from (\d) to (\d)\b")
_WORD = re.compile(r"[^\W_]+")
_SHORT = 4
"""Words of fewer letters say little of a subject."""


@dataclass(frozen=True, slots=True)
class Rating:
    """A value on a scale of whole numbers. ``value`` lies between ``lowest`` and ``highest``."""

    value: float
    lowest: int
    highest: int

    @property
    def probabilities(self) -> dict[str, float]:
        """The digits that may be answered, the more probable first."""
        below = min(int(self.value), self.highest)
        share = round(self.value - below, 6)
        both = {str(below): 1 - share, str(min(below + 1, self.highest)): share} if share else {str(below): 1.0}
        return dict(sorted(both.items(), key=lambda item: -item[1]))

    def draws(self, count: int) -> list[str]:
        """Return ``count`` digits in the proportions of their probabilities, the same every time."""
        (first, probability), *others = self.probabilities.items()
        firsts = round(count * probability) if others else count
        return [first] * max(1, firsts) + [others[0][0]] * (count - max(1, firsts)) if others else [first] * count


def find_rating(request: ChatRequest) -> Rating | None:
    """Return the rating that ``request`` asks for, or None where it asks for none."""
    scale = _SCALE.search(request.instructions)
    blocks = find_blocks(request.user_text)
    if scale is None or not blocks:
        return None
    lowest, highest = int(scale[1]), int(scale[2])
    *material, rated = blocks
    share = _backed(rated, material) if material else _fresh(rated)
    return Rating(lowest + share * (highest - lowest), lowest, highest)


def _backed(rated: str, material: Iterable[str]) -> float:
    known = {word for text in material for word in _words(text)}
    told = _words(rated)
    return sum(word in known for word in told) / len(told) if told else 0.0


def _fresh(rated: str) -> float:
    pairs = list(pairwise(_words(rated)))
    return len(set(pairs)) / len(pairs) if pairs else 0.0


def _words(text: str) -> list[str]:
    words = [word.lower() for word in _WORD.findall(text)]
    return [word for word in words if len(word) >= _SHORT or not word.isascii()]
