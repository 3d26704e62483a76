"""The proof that a summary stands for the whole transcript.

Belongs here: adding up what partial summaries claim to cover. Does not belong here: how well they cover it (the
quality score).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from summary_pipeline.summarization.chunking import Chunks
from summary_pipeline.summarization.errors import CoverageError, NothingToSummarizeError
from summary_pipeline.summarization.summary import ChunkSummaries


@dataclass(frozen=True, slots=True)
class Claim:
    """Chunks (by index) and tokens that one piece of work stands for."""

    chunks: tuple[int, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the claims add up to."""

    tokens: int
    transcript_tokens: int
    missing: tuple[int, ...]
    repeated: tuple[int, ...]
    unknown: tuple[int, ...]

    @property
    def ratio(self) -> float:
        """Claimed tokens over the transcript's."""
        return self.tokens / self.transcript_tokens

    @property
    def is_full(self) -> bool:
        """True where every chunk and every token is claimed exactly once."""
        return self.tokens == self.transcript_tokens and not (self.missing or self.repeated or self.unknown)


def measure_coverage(claims: Iterable[Claim], *, chunk_count: int, transcript_tokens: int) -> Coverage:
    """Add up ``claims`` and compare them with chunks ``0..chunk_count - 1`` and the transcript's tokens."""
    claims = tuple(claims)
    counts = Counter(chunk for claim in claims for chunk in claim.chunks)
    expected = range(chunk_count)
    return Coverage(
        tokens=sum(claim.tokens for claim in claims),
        transcript_tokens=transcript_tokens,
        missing=tuple(chunk for chunk in expected if chunk not in counts),
        repeated=tuple(sorted(chunk for chunk, count in counts.items() if count > 1)),
        unknown=tuple(sorted(chunk for chunk in counts if chunk not in expected)),
    )


def require_full_coverage(claims: Iterable[Claim], *, chunk_count: int, transcript_tokens: int) -> Coverage:
    """Return the coverage of ``claims``, which is full.

    Raises:
        CoverageError: something is missing, claimed twice or not part of the transcript; the message says what.
        NothingToSummarizeError: the transcript has no tokens.
    """
    if transcript_tokens <= 0 or chunk_count <= 0:
        raise NothingToSummarizeError("The transcript holds no text, so there is nothing to summarize.")
    coverage = measure_coverage(claims, chunk_count=chunk_count, transcript_tokens=transcript_tokens)
    if not coverage.is_full:
        raise CoverageError(
            f"The partial summaries cover {coverage.tokens} of {transcript_tokens} tokens. "
            f"Chunks missing: {_listed(coverage.missing)}; more than once: {_listed(coverage.repeated)}; "
            f"not of this transcript: {_listed(coverage.unknown)}. Materialize chunks and chunk_summaries again."
        )
    return coverage


def claims_of_chunks(chunks: Chunks) -> tuple[Claim, ...]:
    """Return what the chunks themselves claim."""
    return tuple(Claim((chunk.index,), chunk.tokens) for chunk in chunks.chunks)


def claims_of_summaries(summaries: ChunkSummaries) -> tuple[Claim, ...]:
    """Return what the map phase's result claims."""
    return (
        *(Claim(partial.chunks, partial.tokens) for partial in summaries.partials),
        *(Claim((chunk.index,), chunk.tokens) for chunk in summaries.verbatim),
    )


def _listed(indices: tuple[int, ...], *, most: int = 10) -> str:
    if not indices:
        return "none"
    more = f" and {len(indices) - most} more" if len(indices) > most else ""
    return ", ".join(map(str, indices[:most])) + more
