"""The proof that chunks are the whole transcript.

Belongs here: coverage of chunks. Does not belong here: what summaries cover (``summarization.coverage``).
"""

import hashlib
from collections import Counter
from itertools import pairwise

from summary_pipeline.summarization.chunking.chunks import Chunk, Chunks


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
