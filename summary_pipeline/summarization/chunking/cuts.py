"""Where to cut a text into chunks: the fewest, about equally long, at the best places near an even share's end.

Belongs here: that decision. Does not belong here: tokens (``encoded_text``), and making chunks of the cuts
(``cutting``).
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple
from unicodedata import category

from summary_pipeline.summarization.chunking.encoded_text import EncodedText, TokenSplitError
from summary_pipeline.summarization.transcript import Snippet

_SLACK = 25
"""A cut may be up to a 25th of the limit away from where an even share ends."""
_PAUSE_SECONDS = 2.0
_TRIES = 64
"""How many token boundaries are tried before one is taken that changes the neighbouring tokens."""
_JOINER = "\N{ZERO WIDTH JOINER}"

_NARROW_STOPS = ".!?…؟۔։።।॥៖"
_WIDE_STOPS = "。！？｡"
"""The next sentence may follow at once."""
_STOPS = frozenset(_NARROW_STOPS + _WIDE_STOPS)
_CLOSERS = "\"'”’»›)]}」』】）》〉"
_SENTENCE = re.compile(
    # One mark and no repetition of it: a line of ten thousand exclamation marks must not cost its square.
    rf"[{_NARROW_STOPS}][{re.escape(_CLOSERS)}]*+(?=\s)|[{_WIDE_STOPS}][{re.escape(_CLOSERS)}]*+(?![{_WIDE_STOPS}])"
)
_CLAUSE = re.compile(r"[,;:،؛–—](?=\s)|[，、；：]")
_WORD = re.compile(r"\S(?=\s)")
_SPEAKER = re.compile(
    r"(?:>>+|[-–—](?=\s))?\s*(?P<name>[^\s\d:：.!?,][^:：.!?,]{0,38})[:：](?=\s|\w)|(?P<mark>>>+|[-–—](?=\s))"
)
_LOOK_BACK = 8


class _Cutter:
    """Finds where to cut one text. Positions are in characters, sizes in tokens."""

    def __init__(
        self,
        encoded: EncodedText,
        snippets: Sequence[Snippet],
        starts: Sequence[int],
        boundaries: Sequence[int],
        limit: int,
    ) -> None:
        self._encoded = encoded
        self._snippets = snippets
        self._starts = starts
        self._boundaries = boundaries
        self._limit = limit

    def ends(self) -> list[int]:
        """Return where each chunk ends."""
        earliest = self._earliest_ends()
        total = self._encoded.total
        ends: list[int] = []
        done = 0
        while total - done > self._limit:
            # Two are left at least; more than planned only where the text could not be cut without changing its tokens.
            planned = earliest[len(ends) :] or [done + 1]
            latest = done + self._limit
            ends.append(
                self._best_cut(
                    first=min(max(planned[0], done + 1), latest),
                    latest=latest,
                    target=done + (total - done) // (len(planned) + 1),
                )
            )
            done = self._encoded.tokens_before(ends[-1])
        return [*ends, len(self._encoded.text)]

    def _earliest_ends(self) -> list[int]:
        """Return how many tokens must stand before each chunk's end but the last's, if there are to be the fewest."""
        earliest: list[int] = []
        left = self._encoded.total
        while left > self._limit:
            left = self._encoded.tokens_before(self._first_cut(left - self._limit))
            earliest.append(left)
        return earliest[::-1]

    def _best_cut(self, first: int, latest: int, target: int) -> int:
        """Return the best cut near ``target``, from ``first`` to ``latest``, all in tokens; at least one is there."""
        slack = max(self._limit // _SLACK, 1)
        target = min(max(target, first), latest)
        low_token, high_token = max(first, target - slack), min(latest, target + slack)
        low, high = self._encoded.ceil(low_token), self._encoded.floor(high_token)
        wanted = low + (high - low) * (target - low_token) // max(high_token - low_token, 1)
        boundaries = self._boundaries[bisect_left(self._boundaries, low) : bisect_right(self._boundaries, high)]
        if boundaries:
            return self._smoothest(boundaries, wanted)
        if self._can_split_at(wanted) and (inside := self._best_cut_inside(low, high, wanted)) is not None:
            return inside
        near = [
            cut
            for cut in (self._last_cut(target), self._first_cut(target))
            if first <= self._encoded.tokens_before(cut) <= latest
        ]
        return min(near, key=lambda cut: abs(cut - wanted)) if near else self._last_cut(latest)

    def _smoothest(self, boundaries: Sequence[int], wanted: int) -> int:
        """Return the snippet boundary at which it is best to cut: the least rough, and of several such the nearest."""
        best, least = boundaries[0], 3
        for boundary in sorted(boundaries, key=lambda boundary: abs(boundary - wanted)):
            roughness = self._roughness(boundary)
            if roughness == 0:
                return boundary
            if roughness < least:
                best, least = boundary, roughness
        return best

    def _best_cut_inside(self, low: int, high: int, wanted: int) -> int | None:
        """Return the cut of the best kind next to ``wanted`` inside a long snippet, or None where no word ends."""
        text = self._encoded.text
        for kind in (_SENTENCE, _CLAUSE, _WORD):
            ends = (match.end() for match in kind.finditer(text, low, min(high + 1, len(text))))
            cuts = sorted((end for end in ends if low <= end <= high), key=lambda end: abs(end - wanted))
            for cut in cuts[:_TRIES]:
                if self._fits_inside(cut):
                    return cut
        return None

    def _last_cut(self, token: int) -> int:
        """Return the last place for a cut at or before ``token`` tokens."""
        position = self._encoded.floor(token)
        after = bisect_right(self._boundaries, position)
        before = self._boundaries[after - 1]
        if before == position or not self._can_split_at(position):
            return before
        return self._between_tokens(token, -1, before)

    def _first_cut(self, token: int) -> int:
        """Return the first place for a cut at or after ``token`` tokens."""
        position = self._encoded.ceil(token)
        after = self._boundaries[bisect_left(self._boundaries, position)]
        if after == position or not self._can_split_at(position):
            return after
        return self._between_tokens(token, 1, after)

    def _between_tokens(self, token: int, step: int, bound: int) -> int:
        """Return the nearest cut inside a long snippet, from ``token`` on towards ``bound``, in steps of ``step``.

        Where many in a row would change the tokens beside them, the nearest is taken all the same. Half a chunk's
        length is never left, so that every chunk makes progress.
        """
        whole = self._encoded.floor if step < 0 else self._encoded.ceil
        for tries in range(min(_TRIES, self._limit // 2)):
            cut = whole(token + step * tries)
            if (cut - bound) * step >= 0:
                return bound
            if self._fits_inside(cut):
                return cut
        return whole(token)

    def _fits_inside(self, position: int) -> bool:
        """Say whether a cut here changes no token, parts no accent from its letter and precedes no line break."""
        following = self._encoded.text[position : position + 1]
        if following in {"\n", _JOINER} or self._encoded.text[position - 1] == _JOINER:
            return False
        return not category(following or " ").startswith("M") and self._encoded.keeps_tokens(position)

    def _can_split_at(self, position: int) -> bool:
        """Say whether the snippet boundaries around ``position`` are further apart than a chunk may be long."""
        index = bisect_right(self._boundaries, position)
        if index == len(self._boundaries):
            return False
        before, after = self._boundaries[index - 1], self._boundaries[index]
        # No character has more than four bytes, and no token less than one.
        return (after - before) * 4 > self._limit and self._encoded.tokens_before(after) - self._encoded.tokens_before(
            before
        ) > self._limit

    def _roughness(self, boundary: int) -> int:
        """Return how bad a cut here is: 0 between speakers or at a pause, 1 after a sentence, else 2."""
        index = bisect_left(self._starts, boundary)
        before, after = self._snippets[index - 1], self._snippets[index]
        if before.end is not None and after.start is not None and after.start - before.end >= _PAUSE_SECONDS:
            return 0
        if self._speaker_changes(index):
            return 0
        return 1 if before.text.rstrip(_CLOSERS)[-1:] in _STOPS else 2

    def _speaker_changes(self, index: int) -> bool:
        label = _SPEAKER.match(self._snippets[index].text)
        if label is None:
            return False
        if label["name"] is None:
            return True
        for earlier in range(index - 1, max(index - 1 - _LOOK_BACK, -1), -1):
            previous = _SPEAKER.match(self._snippets[earlier].text)
            if previous is not None:
                return previous["name"] != label["name"]
        return True


class Cut(NamedTuple):
    """Where a chunk ends: in characters, and how many tokens stand before it."""

    end: int
    tokens: int


def find_cuts(encoded: EncodedText, snippets: Sequence[Snippet], starts: Sequence[int], limit: int) -> list[Cut]:
    """Return where each chunk of at most ``limit`` tokens ends. ``starts`` are the characters where snippets start."""
    if not encoded.text:
        return []
    whole = [len(encoded.text)]
    ends = whole if encoded.total <= limit else _ends(encoded, snippets, starts, limit)
    return [Cut(end, encoded.tokens_before(end)) for end in ends]


def _ends(encoded: EncodedText, snippets: Sequence[Snippet], starts: Sequence[int], limit: int) -> list[int]:
    """Return where each of several chunks ends.

    Between snippets of a normalized transcript a cut changes no token, unless the next one starts with a slash. So this
    is looked at where cuts were found, and everywhere only if one of these is not to be had.
    """
    boundaries = [*starts, len(encoded.text)]
    try:
        ends = _Cutter(encoded, snippets, starts, boundaries, limit).ends()
        if all(encoded.keeps_tokens(end) for end in set(ends).intersection(boundaries)):
            return ends
    except TokenSplitError:
        pass
    safe = [boundary for boundary in boundaries if encoded.keeps_tokens(boundary)]
    return _Cutter(encoded, snippets, starts, safe, limit).ends()
