"""Transcripts to cut, and the check of all that chunking promises.

Belongs here: what the tests of chunking share. Does not belong here: tests.
"""

from summary_pipeline.summarization.chunking import Chunks, coverage
from summary_pipeline.summarization.tokens import count_tokens
from summary_pipeline.summarization.transcript import Snippet, Transcript

ENCODINGS = ["o200k_base", "cl100k_base"]


def transcript_of(*texts: str, seconds: float | None = 1.0) -> Transcript:
    return Transcript(
        snippets=tuple(
            Snippet(text=text, start=None if seconds is None else index * seconds) for index, text in enumerate(texts)
        )
    )


def prose(count: int, *, words_each: int = 12, stops: str = ".") -> list[str]:
    """Return ``count`` different sentences."""
    return [
        " ".join(["Sentence", str(number), *(f"word{(number * 7 + place) % 97}" for place in range(words_each))])
        + stops
        for number in range(count)
    ]


def assert_complete(transcript: Transcript, chunks: Chunks, *, max_tokens: int) -> None:
    """Check all that chunking promises of any transcript."""
    texts = [snippet.text for snippet in transcript.snippets]
    assert "".join(chunk.text for chunk in chunks.chunks) == transcript.text
    assert chunks.transcript_tokens == count_tokens(transcript.text, chunks.encoding)
    assert chunks.transcript_tokens == sum(chunk.tokens for chunk in chunks.chunks)
    assert [chunk.index for chunk in chunks.chunks] == list(range(len(chunks.chunks)))
    parts: dict[int, list[str]] = {}
    for chunk in chunks.chunks:
        assert 0 < chunk.tokens <= max_tokens
        assert chunk.tokens == count_tokens(chunk.text, chunks.encoding)
        for segment in chunk.segments:
            snippet = transcript.snippets[segment.snippet]
            assert (segment.start, segment.end) == (snippet.start, snippet.end)
            parts.setdefault(segment.snippet, []).append(segment.text)
    if chunks.chunks:
        assert ["".join(parts[index]) for index in range(len(texts))] == texts
        assert coverage(chunks) == 1.0
