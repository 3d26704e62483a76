"""From a transcript to its chunks.

Belongs here: the way through: text, cuts, chunks. Does not belong here: where to cut (``cuts``).
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from summary_pipeline.summarization.chunking.chunks import Chunk, Chunks, SnippetSegments
from summary_pipeline.summarization.chunking.cuts import Cut, find_cuts
from summary_pipeline.summarization.chunking.encoded_text import EncodedText
from summary_pipeline.summarization.tokens import DEFAULT_ENCODING
from summary_pipeline.summarization.transcript import Snippet, Transcript

DEFAULT_MAX_TOKENS = 8000
MINIMUM_MAX_TOKENS = 16
"""Below this a single character with its accents may not fit."""


def chunk_transcript(
    transcript: Transcript, *, max_tokens: int = DEFAULT_MAX_TOKENS, encoding: str = DEFAULT_ENCODING
) -> Chunks:
    """Cut ``transcript`` into chunks of at most ``max_tokens``, counted in ``encoding``; the package says how.

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
    cuts = find_cuts(EncodedText(text, encoding), transcript.snippets, starts, max_tokens)
    return Chunks(
        chunks=_chunks(text, transcript.snippets, starts, cuts),
        transcript_tokens=cuts[-1].tokens if cuts else 0,
        snippet_count=len(texts),
        encoding=encoding,
        language=transcript.language,
        text_sha256=digest,
    )


def _chunks(text: str, snippets: tuple[Snippet, ...], starts: Sequence[int], cuts: Iterable[Cut]) -> tuple[Chunk, ...]:
    chunks: list[Chunk] = []
    first = 0
    tokens_before = 0
    for end, tokens in cuts:
        low, high = bisect_right(starts, first) - 1, bisect_left(starts, end)
        if end == len(text):
            high = len(starts)  # an empty snippet at the end starts where the text ends
        segments = SnippetSegments(
            snippets[low:high], first=low, skipped=first - starts[low], kept=end - starts[high - 1]
        )
        # Not validated: that would make the segments.
        chunk = Chunk.model_construct(
            index=len(chunks), tokens=tokens - tokens_before, text=text[first:end], segments=segments
        )
        chunks.append(chunk)
        first, tokens_before = end, tokens
    return tuple(chunks)
