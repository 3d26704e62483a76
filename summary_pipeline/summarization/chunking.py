"""Cutting a transcript into chunks that fit a model, losing no token and no time.

Belongs here: the chunk types and the cutting. Does not belong here: how a chunk is shown to a model (``prompts``).

What is promised, in this order:

1. The chunks' texts, joined, are the transcript's text, character for character; so are their tokens, counted once for
   the whole text.
2. No chunk has more than ``max_tokens``.
3. A snippet is in one chunk, whole, unless it is longer than a chunk.
4. There are as few chunks as that allows: each one is a call to pay for.
5. They are about equally long, so that none is waited for: a cut is looked for where an even share ends, and moved by
   at most 4 % of the limit to where the speaker changes or pauses, else to the end of a sentence, else to the end of a
   snippet. Inside a snippet that is longer than a chunk: the end of a sentence, a clause, a word, and at last any place
   between two tokens.

How: the text is encoded once, in blocks cut at places where that changes nothing. Token positions are worked out only
in the blocks in which a cut is looked for, so that the cost beside tiktoken's own is small and grows with the length
alone.
"""

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import Annotated, Any, NamedTuple, overload
from unicodedata import category

from pydantic import BaseModel, BeforeValidator, ConfigDict, field_serializer

from summary_pipeline.summarization.tokens import (
    DEFAULT_ENCODING,
    blocks,
    get_encoding,
    is_safe,
    token_table,
)
from summary_pipeline.summarization.transcript import Snippet, Transcript

DEFAULT_MAX_TOKENS = 8000
MINIMUM_MAX_TOKENS = 16
"""Below this a single character with its accents may not fit."""

_SLACK = 25
"""A cut may be up to a 25th of the limit away from where an even share ends."""
_BLOCK_CHARACTERS = 3000
_PAUSE_SECONDS = 2.0
_TRIES = 64
"""How many token boundaries are tried before one is taken that changes the neighbouring tokens."""
_CONTEXT_TOKENS = 24
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


class ChunkSegment(NamedTuple):
    """The part of one snippet that lies in a chunk (a snippet longer than a chunk spans several).

    Parts of one snippet, joined, are the snippet. Each has the times of the whole snippet, since nothing finer is
    known.
    """

    snippet: int
    """Index of the snippet in the transcript."""
    text: str
    start: float | None = None
    end: float | None = None


class _Segments(Sequence[ChunkSegment]):
    """The segments of a chunk that was just cut, made when they are asked for: there may be as many as words.

    All of the snippets lies in the chunk, but for the first ``skipped`` characters of the first, and what follows the
    first ``kept`` characters of the last.
    """

    __slots__ = ("_first", "_kept", "_skipped", "_snippets")

    def __init__(self, snippets: tuple[Snippet, ...], *, first: int, skipped: int, kept: int) -> None:
        self._snippets = snippets
        self._first = first
        self._skipped = skipped
        self._kept = kept

    def __len__(self) -> int:
        return len(self._snippets)

    @overload
    def __getitem__(self, index: int) -> ChunkSegment: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[ChunkSegment, ...]: ...

    def __getitem__(self, index: int | slice) -> ChunkSegment | tuple[ChunkSegment, ...]:
        places = range(len(self._snippets))[index]
        return self._segment(places) if isinstance(places, int) else tuple(map(self._segment, places))

    def __iter__(self) -> Iterator[ChunkSegment]:
        return map(self._segment, range(len(self._snippets)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def _segment(self, place: int) -> ChunkSegment:
        snippet = self._snippets[place]
        start = self._skipped if place == 0 else 0
        end = self._kept if place == len(self._snippets) - 1 else None
        return ChunkSegment(self._first + place, snippet.text[start:end], snippet.start, snippet.end)


class Chunk(BaseModel):
    """Consecutive text of a transcript. The concatenated ``text`` of all chunks is the transcript's text.

    The line break between two snippets belongs to the chunk of the first, as it does to the tokens; segments hold none.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    tokens: int
    text: str
    segments: Annotated[Sequence[ChunkSegment], BeforeValidator(tuple)]

    @field_serializer("segments")
    def _segments_with_names(self, segments: Sequence[ChunkSegment]) -> list[dict[str, Any]]:
        """Serialize segments as objects, which say what their values are, and not as arrays."""
        return [segment._asdict() for segment in segments]

    @property
    def start(self) -> float | None:
        """Seconds at which the chunk's speech starts, where known."""
        return next((segment.start for segment in self.segments if segment.start is not None), None)


class Chunks(BaseModel):
    """All chunks of one transcript, with what is needed to prove that nothing is missing."""

    model_config = ConfigDict(frozen=True)

    chunks: tuple[Chunk, ...]
    transcript_tokens: int
    snippet_count: int
    encoding: str
    language: str | None = None
    text_sha256: str | None = None
    """Hash of the transcript's text in UTF-8, taken before it was cut."""


def chunk_transcript(
    transcript: Transcript, *, max_tokens: int = DEFAULT_MAX_TOKENS, encoding: str = DEFAULT_ENCODING
) -> Chunks:
    """Cut ``transcript`` into chunks of at most ``max_tokens``, counted in ``encoding``. What is promised stands above.

    Raises:
        ValueError: ``max_tokens`` is under 16, there is no such encoding, or the text holds lone surrogates, which no
            parsed transcript does.
    """
    if max_tokens < MINIMUM_MAX_TOKENS:
        raise ValueError(f"max_tokens is {max_tokens}; chunks need at least {MINIMUM_MAX_TOKENS}")
    texts = [snippet.text for snippet in transcript.snippets]
    text = "\n".join(texts)
    digest = hashlib.sha256(text.encode()).hexdigest()
    starts = list(accumulate((len(snippet_text) + 1 for snippet_text in texts[:-1]), initial=0))
    cuts = _cuts(_EncodedText(text, encoding), transcript.snippets, starts, max_tokens)
    return Chunks(
        chunks=_chunks(text, transcript.snippets, starts, cuts),
        transcript_tokens=cuts[-1].tokens if cuts else 0,
        snippet_count=len(texts),
        encoding=encoding,
        language=transcript.language,
        text_sha256=digest,
    )


def coverage(chunks: Chunks) -> float:
    """Return the share of the transcript's tokens that are in exactly one chunk: 1.0 if none is missing or repeated.

    A chunk counts if it is the only one with its index and if its segments are its text. Where the chunks claim to be
    complete, their text and snippets must be the transcript's; if they are not, the result is 0.0, for then no chunk
    can be trusted. It is 0.0 also for a transcript without tokens: there is nothing that a summary could be of.
    """
    if chunks.transcript_tokens <= 0:
        return 0.0
    copies = Counter(chunk.index for chunk in chunks.chunks)
    covered = sum(chunk.tokens for chunk in chunks.chunks if copies[chunk.index] == 1 and _is_whole(chunk))
    if covered == chunks.transcript_tokens:
        return 1.0 if _is_transcript(chunks) else 0.0
    # Counts that exceed the transcript's are as wrong as ones that fall short.
    return covered / chunks.transcript_tokens if covered < chunks.transcript_tokens else 0.0


def _is_whole(chunk: Chunk) -> bool:
    """Say whether the chunk's segments make up its text. A line break may stand after the last one."""
    joined = "\n".join(segment.text for segment in chunk.segments)
    return chunk.text in {joined, joined + "\n"}


def _is_transcript(chunks: Chunks) -> bool:
    """Say whether the chunks, which claim to be complete, are the text that was cut and name every snippet in order."""
    ordered = sorted(chunks.chunks, key=lambda chunk: chunk.index)
    if chunks.text_sha256 is not None:
        digest = hashlib.sha256()
        for chunk in ordered:
            digest.update(chunk.text.encode(errors="replace"))
        if digest.hexdigest() != chunks.text_sha256:
            return False
    snippets = [segment.snippet for chunk in ordered for segment in chunk.segments]
    steps = all(0 <= later - earlier <= 1 for earlier, later in pairwise(snippets))
    return bool(snippets) and steps and snippets[0] == 0 and snippets[-1] == chunks.snippet_count - 1


class _TokenSplitError(Exception):
    """There is no place between two tokens where one was asked for."""


class _EncodedText:
    """A text and its tokens. A place is a number of characters or of tokens; one is found from the other on demand."""

    def __init__(self, text: str, encoding: str) -> None:
        self.text = text
        self.encoding = get_encoding(encoding)
        parts = list(blocks(text, _BLOCK_CHARACTERS))
        self._tokens = [self.encoding.encode_ordinary(part) for part in parts]
        self._block_characters = list(accumulate(map(len, parts), initial=0))
        self._block_tokens = list(accumulate(map(len, self._tokens), initial=0))
        self._ends: dict[int, list[int]] = {}
        self._table = token_table(encoding)
        self.total = self._block_tokens[-1]

    def tokens_before(self, position: int) -> int:
        """Return how many tokens stand before the character at ``position``.

        Raises:
            _TokenSplitError: a token straddles the position.
        """
        block = bisect_right(self._block_characters, position) - 1
        offset = position - self._block_characters[block]
        if offset == 0:
            return self._block_tokens[block]
        ends = self._ends_in(block)
        token = bisect_right(ends, offset)
        if ends[token - 1] != offset or not self._starts_character(block, token):
            raise _TokenSplitError
        return self._block_tokens[block] + token

    def floor(self, token: int) -> int:
        """Return the character position of the last place at or before ``token`` tokens where no character is split."""
        if token >= self.total:
            return len(self.text)
        block = bisect_right(self._block_tokens, token) - 1
        index = token - self._block_tokens[block]
        while not self._starts_character(block, index):
            index -= 1
        return self._block_characters[block] + (self._ends_in(block)[index - 1] if index else 0)

    def ceil(self, token: int) -> int:
        """Return the character position of the first place at or after ``token`` tokens where no character is split."""
        while token < self.total:
            block = bisect_right(self._block_tokens, token) - 1
            if self._starts_character(block, token - self._block_tokens[block]):
                break
            token += 1
        return self.floor(token)

    def keeps_tokens(self, position: int) -> bool:
        """Say whether a cut before ``position`` leaves the tokens on both sides as they are in the whole text."""
        if is_safe(self.text, position):
            return True
        try:
            token = self.tokens_before(position)
        except _TokenSplitError:
            return False
        # tiktoken looks back no further than the piece it is in, and ahead no further than the white space it is in:
        # the tokens next to the cut tell. The outer half of each window is context, whose own edge may differ.
        left = self._window(token - _CONTEXT_TOKENS, token)
        right = self._window(token, token + _CONTEXT_TOKENS)
        half = _CONTEXT_TOKENS // 2
        encode = self.encoding.encode_ordinary
        left_text = self.text[self.floor(max(token - _CONTEXT_TOKENS, 0)) : position]
        right_text = self.text[position : self.ceil(token + _CONTEXT_TOKENS)]
        return encode(left_text)[-half:] == left[-half:] and encode(right_text)[:half] == right[:half]

    def _window(self, start: int, end: int) -> list[int]:
        start, end = max(start, 0), min(end, self.total)
        window: list[int] = []
        while start < end:
            block = bisect_right(self._block_tokens, start) - 1
            first = self._block_tokens[block]
            window += self._tokens[block][start - first : end - first]
            start = self._block_tokens[block + 1]
        return window

    def _ends_in(self, block: int) -> list[int]:
        """Return, for each token of the block, how many of the block's characters start before its end."""
        ends = self._ends.get(block)
        if ends is None:
            tokens = self._tokens[block]
            # The first is asked for twice so that there are always several, for which itemgetter returns a tuple.
            characters = itemgetter(tokens[0], *tokens)(self._table.characters)
            ends = self._ends[block] = list(accumulate(characters[1:]))
        return ends

    def _starts_character(self, block: int, index: int) -> bool:
        tokens = self._tokens[block]
        return index >= len(tokens) or self._table.whole_start[tokens[index]] == 1


class _Cutter:
    """Finds where to cut one text. Positions are in characters, sizes in tokens."""

    def __init__(
        self,
        encoded: _EncodedText,
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


class _Cut(NamedTuple):
    """Where a chunk ends: in characters, and how many tokens stand before it."""

    end: int
    tokens: int


def _cuts(encoded: _EncodedText, snippets: Sequence[Snippet], starts: Sequence[int], limit: int) -> list[_Cut]:
    if not encoded.text:
        return []
    whole = [len(encoded.text)]
    ends = whole if encoded.total <= limit else _ends(encoded, snippets, starts, limit)
    return [_Cut(end, encoded.tokens_before(end)) for end in ends]


def _ends(encoded: _EncodedText, snippets: Sequence[Snippet], starts: Sequence[int], limit: int) -> list[int]:
    """Return where each of several chunks ends.

    Between snippets of a normalized transcript a cut changes no token, unless the next one starts with a slash. So this
    is looked at where cuts were found, and everywhere only if one of these is not to be had.
    """
    boundaries = [*starts, len(encoded.text)]
    try:
        ends = _Cutter(encoded, snippets, starts, boundaries, limit).ends()
        if all(encoded.keeps_tokens(end) for end in set(ends).intersection(boundaries)):
            return ends
    except _TokenSplitError:
        pass
    safe = [boundary for boundary in boundaries if encoded.keeps_tokens(boundary)]
    return _Cutter(encoded, snippets, starts, safe, limit).ends()


def _chunks(text: str, snippets: tuple[Snippet, ...], starts: Sequence[int], cuts: Iterable[_Cut]) -> tuple[Chunk, ...]:
    chunks: list[Chunk] = []
    first = 0
    tokens_before = 0
    for end, tokens in cuts:
        low, high = bisect_right(starts, first) - 1, bisect_left(starts, end)
        if end == len(text):
            high = len(starts)  # an empty snippet at the end starts where the text ends
        segments = _Segments(snippets[low:high], first=low, skipped=first - starts[low], kept=end - starts[high - 1])
        # Not validated: that would make the segments.
        chunk = Chunk.model_construct(
            index=len(chunks), tokens=tokens - tokens_before, text=text[first:end], segments=segments
        )
        chunks.append(chunk)
        first, tokens_before = end, tokens
    return tuple(chunks)
