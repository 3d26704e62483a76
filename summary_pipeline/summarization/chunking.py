"""Cutting a transcript into chunks that fit a model, losing no token and no time.

Belongs here: the chunk types and the cutting. Does not belong here: how a chunk is shown to a model (``prompts``).
"""

from pydantic import BaseModel, ConfigDict


class ChunkSegment(BaseModel):
    """The part of one snippet that lies in a chunk (a snippet longer than a chunk spans several)."""

    model_config = ConfigDict(frozen=True)

    snippet: int
    """Index of the snippet in the transcript."""
    text: str
    start: float | None = None
    end: float | None = None


class Chunk(BaseModel):
    """Consecutive text of a transcript. The concatenated ``text`` of all chunks is the transcript's text."""

    model_config = ConfigDict(frozen=True)

    index: int
    tokens: int
    text: str
    segments: tuple[ChunkSegment, ...]

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
