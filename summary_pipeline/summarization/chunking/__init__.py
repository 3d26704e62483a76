"""Cutting a transcript into chunks that fit a model, losing no token and no time.

Belongs here: the chunks (``chunks``), the cutting (``cuts`` decides where, on ``encoded_text``), and the proof that
nothing is missing. Does not belong here: how a chunk is shown to a model (``prompts``).

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

from summary_pipeline.summarization.chunking.chunks import Chunk, Chunks, ChunkSegment
from summary_pipeline.summarization.chunking.completeness import coverage
from summary_pipeline.summarization.chunking.cutting import DEFAULT_MAX_TOKENS, MINIMUM_MAX_TOKENS, chunk_transcript

__all__ = [
    "DEFAULT_MAX_TOKENS",
    "MINIMUM_MAX_TOKENS",
    "Chunk",
    "ChunkSegment",
    "Chunks",
    "chunk_transcript",
    "coverage",
]
