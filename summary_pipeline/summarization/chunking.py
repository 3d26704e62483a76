"""Cutting a transcript into chunks that fit a model, losing no token and no time.

Belongs here: the chunk types and the cutting. Does not belong here: how a chunk is shown to a model (``prompts``).

What is promised, in this order:

1. The chunks' texts, joined, are the transcript's text, character for character; so are their tokens, counted once for the whole text.
2. No chunk has more than ``max_tokens``.
3. A snippet is in one chunk, whole, unless it is longer than a chunk.
4. There are as few chunks as that allows: each one is a call to pay for.
5. They are about equally long, so that none is waited for: a cut is looked for where an even share ends, and moved by at most 4 % of
   the limit to where the speaker changes or pauses, else to the end of a sentence, else to the end of a snippet. Inside a snippet that
   is longer than a chunk: the end of a sentence, a clause, a word, and at last any place between two tokens.

How: the text is encoded once, in blocks cut at places where that changes nothing. Token positions are worked out only in the blocks
in which a cut is looked for, so that the cost beside tiktoken's own is small and grows with the length alone.
"""

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import Any, NamedTuple
from unicodedata import category

from pydantic import BaseModel, ConfigDict, field_serializer

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
    rf"[{_NARROW_STOPS}]+[{re.escape(_CLOSERS)}]*(?=\s)|[{_WIDE_STOPS}]+[{re.escape(_CLOSERS + _WIDE_STOPS)}]*"
)
_CLAUSE = re.compile(r"[,;:،؛–—]+(?=\s)|[，、；：]")
_WORD = re.compile(r"\S(?=\s)")
_SPEAKER = re.compile(
    r"(?:>>+|[-–—](?=\s))?\s*(?P<name>[^\s\d:：.!?,][^:：.!?,]{0,38})[:：](?=\s|\w)|(?P<mark>>>+|[-–—](?=\s))"
)
_LOOK_BACK = 8
_UNSAFE_LINE_BREAK = re.compile(r"\n(?:(?=[\s/])|(?<=\s\n))")
"""Starts with a literal and looks around from there, which is ten times as fast as the other way round."""


class ChunkSegment(NamedTuple):
    """The part of one snippet that lies in a chunk (a snippet longer than a chunk spans several).

    Parts of one snippet, joined, are the snippet. Each has the times of the whole snippet, since nothing finer is known.
    A named tuple, because there are as many as snippets: models would take longer to make than the text to encode.
    """

    snippet: int
    """Index of the snippet in the transcript."""
    text: str
    start: float | None = None
    end: float | None = None


class Chunk(BaseModel):
    """Consecutive text of a transcript. The concatenated ``text`` of all chunks is the transcript's text.

    The line break between two snippets belongs to the chunk of the first, as it does to the tokens; segments hold none.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    tokens: int
    text: str
    segments: tuple[ChunkSegment, ...]

    @field_serializer("segments")
    def _segments_with_names(self, segments: tuple[ChunkSegment, ...]) -> list[dict[str, Any]]:
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
    """Cut ``transcript`` into chunks of at most ``max_tokens`` tokens of ``encoding``. See the module for what is promised.

    Raises:
        ValueError: ``max_tokens`` is under 16, there is no such encoding, or the text holds lone surrogates, which no
            parsed transcript does.
    """
    if max_tokens < MINIMUM_MAX_TOKENS:
        raise ValueError(f"max_tokens is {max_tokens}; chunks need at least {MINIMUM_MAX_TOKENS}")
    texts = [snippet.text for snippet in transcript.snippets]
    text = "\n".join(texts)
    digest = hashlib.sha256(text.encode()).hexdigest()
    encoded = _EncodedText(text, encoding)
    starts = list(accumulate((len(snippet_text) + 1 for snippet_text in texts[:-1]), initial=0))
    if encoded.total <= max_tokens:
        ends = [len(text)] if text else []
    else:
        ends = _Cutter(encoded, transcript.snippets, texts, starts, max_tokens).ends()
    return Chunks(
        chunks=_chunks(encoded, transcript.snippets, texts, starts, ends),
        transcript_tokens=encoded.total,
        snippet_count=len(texts),
        encoding=encoding,
        language=transcript.language,
        text_sha256=digest,
    )


def coverage(chunks: Chunks) -> float:
    """Return the share of the transcript's tokens that are in exactly one chunk: 1.0 if nothing is missing, repeated or altered.

    A chunk counts if it is the only one with its index and if its segments are its text. Where the chunks claim to be complete, their
    text and snippets must be the transcript's; if they are not, the result is 0.0, for then no chunk can be trusted. It is 0.0
    also for a transcript without tokens: there is nothing that a summary could be of.
    """
    if chunks.transcript_tokens <= 0:
        return 0.0
    copies = Counter(chunk.index for chunk in chunks.chunks)
    covered = sum(chunk.tokens for chunk in chunks.chunks if copies[chunk.index] == 1 and _is_whole(chunk))
    if covered == chunks.transcript_tokens and len(copies) == len(chunks.chunks):
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


class _EncodedText:
    """A text and its tokens. Positions are either characters or tokens from the start; the two are translated on demand."""

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

    def tokens_before(self, position: int) -> int | None:
        """Return how many tokens stand before the character at ``position``, or None if a token straddles it."""
        block = bisect_right(self._block_characters, position) - 1
        offset = position - self._block_characters[block]
        if offset == 0:
            return self._block_tokens[block]
        ends = self._ends_in(block)
        token = bisect_right(ends, offset)
        if ends[token - 1] != offset or not self._starts_character(block, token):
            return None
        return self._block_tokens[block] + token

    def floor(self, token: int) -> int:
        """Return the position in characters of the last place at or before ``token`` tokens at which no character is split."""
        if token >= self.total:
            return len(self.text)
        block = bisect_right(self._block_tokens, token) - 1
        index = token - self._block_tokens[block]
        while not self._starts_character(block, index):
            index -= 1
        return self._block_characters[block] + (self._ends_in(block)[index - 1] if index else 0)

    def ceil(self, token: int) -> int:
        """Return the position in characters of the first place at or after ``token`` tokens at which no character is split."""
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
        token = self.tokens_before(position)
        if token is None:
            return False
        # tiktoken looks back no further than the piece it is in, and ahead no further than the white space it is in: the
        # tokens next to the cut tell. The outer half of each window is context, whose own edge may differ.
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
        texts: Sequence[str],
        starts: Sequence[int],
        limit: int,
    ) -> None:
        self._encoded = encoded
        self._snippets = snippets
        self._texts = texts
        self._starts = starts
        self._limit = limit
        self._boundaries = self._snippet_boundaries()

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
            done = self._tokens(ends[-1])
        return [*ends, len(self._encoded.text)]

    def _earliest_ends(self) -> list[int]:
        """Return how many tokens must stand before the end of each chunk but the last, if there are to be as few as possible."""
        earliest: list[int] = []
        left = self._encoded.total
        while left > self._limit:
            left = self._tokens(self._first_cut(left - self._limit))
            earliest.append(left)
        return earliest[::-1]

    def _best_cut(self, first: int, latest: int, target: int) -> int:
        """Return the best cut near ``target``, from ``first`` to ``latest``, all in tokens. At least one cut is there."""
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
        near = [cut for cut in (self._last_cut(target), self._first_cut(target)) if first <= self._tokens(cut) <= latest]
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
        """Return the cut of the best kind next to ``wanted`` inside a long snippet, or None if there is no end of a word."""
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
        """Return the nearest cut inside a long snippet, from ``token`` on in the direction of ``step`` and up to ``bound``.

        Where many in a row would change the tokens beside them, the nearest is taken all the same. Half a chunk's length is
        never left, so that every chunk makes progress.
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
        """Say whether a cut inside a snippet changes no token, parts no accent from its letter and precedes no line break."""
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
        return (after - before) * 4 > self._limit and self._tokens(after) - self._tokens(before) > self._limit

    def _snippet_boundaries(self) -> list[int]:
        """Return where a cut between two snippets changes no token, and both ends of the text."""
        text = self._encoded.text
        if not (_UNSAFE_LINE_BREAK.search(text) or text.startswith("\n") or text.endswith("\n")):
            return [*self._starts, len(text)]
        inner = (start for start in self._starts[1:] if self._encoded.keeps_tokens(start))
        return [0, *inner, len(text)]

    def _roughness(self, boundary: int) -> int:
        """Return how bad it is to cut at this snippet boundary: 0 between speakers or at a pause, 1 after a sentence, else 2."""
        index = bisect_left(self._starts, boundary)
        before, after = self._snippets[index - 1], self._snippets[index]
        if before.end is not None and after.start is not None and after.start - before.end >= _PAUSE_SECONDS:
            return 0
        if self._speaker_changes(index):
            return 0
        return 1 if before.text.rstrip(_CLOSERS)[-1:] in _STOPS else 2

    def _speaker_changes(self, index: int) -> bool:
        label = _SPEAKER.match(self._texts[index])
        if label is None:
            return False
        if label["name"] is None:
            return True
        for earlier in range(index - 1, max(index - 1 - _LOOK_BACK, -1), -1):
            previous = _SPEAKER.match(self._texts[earlier])
            if previous is not None:
                return previous["name"] != label["name"]
        return True

    def _tokens(self, position: int) -> int:
        """Return how many tokens stand before a cut."""
        tokens = self._encoded.tokens_before(position)
        if tokens is None:  # a cut is always between two tokens
            raise AssertionError(f"no token ends at character {position}")
        return tokens


def _chunks(
    encoded: _EncodedText,
    snippets: Sequence[Snippet],
    texts: Sequence[str],
    starts: Sequence[int],
    ends: Iterable[int],
) -> tuple[Chunk, ...]:
    times = [snippet.start for snippet in snippets]
    end_times = [snippet.end for snippet in snippets]
    # What NamedTuple's _make does, without its check of the length.
    whole = list(
        map(partial(tuple.__new__, ChunkSegment), zip(range(len(texts)), texts, times, end_times, strict=True))
    )
    chunks: list[Chunk] = []
    first = 0
    tokens_before = 0
    for end in ends:
        tokens = encoded.tokens_before(end) or 0
        low, high = bisect_right(starts, first) - 1, bisect_left(starts, end)
        if end == len(encoded.text):
            high = len(starts)  # an empty snippet at the end starts where the text ends
        segments = whole[low:high]
        # The first and the last snippet may lie in this chunk in part.
        for place in {0, len(segments) - 1}:
            segment = segments[place]
            start = starts[segment.snippet]
            segments[place] = segment._replace(text=segment.text[max(first - start, 0) : end - start])
        # Not validated: that would make all segments again.
        chunks.append(
            Chunk.model_construct(
                index=len(chunks), tokens=tokens - tokens_before, text=encoded.text[first:end], segments=tuple(segments)
            )
        )
        first, tokens_before = end, tokens
    return tuple(chunks)
