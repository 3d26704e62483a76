"""The chunks of a transcript: what cutting makes, and what is stored of it.

Belongs here: the types. Does not belong here: cutting (``cutting``), and whether chunks are complete
(``completeness``).
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, NamedTuple, overload

from pydantic import BaseModel, BeforeValidator, ConfigDict, field_serializer

from summary_pipeline.summarization.transcript import Snippet


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


class SnippetSegments(Sequence[ChunkSegment]):
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
    source_sha256: str | None = None
    """Of the object that the transcript was read from, for callers who keep results; nothing here looks at it."""
