"""What cutting a transcript costs beside the one pass of tiktoken that it can't do without, and how that grows.

    python -m benchmarks chunking

Both are timed in CPU seconds of this process, in turns, and the least of several rounds counts: that is what a busy
machine disturbs least. Ratios are to ``Encoding.encode`` on the whole text in the same run.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tables import print_table
from benchmarks.transcripts import east_asian, one_snippet, speech, unbroken
from summary_pipeline.summarization.chunking import Chunks, chunk_transcript, coverage
from summary_pipeline.summarization.parsing.reading import parse_transcript
from summary_pipeline.summarization.tokens import DEFAULT_ENCODING, get_encoding, token_table
from summary_pipeline.summarization.transcript import Transcript

LEAST_ROUNDS = 9
SECONDS = 4.0
REAL_TRANSCRIPTS = Path(__file__).parents[2] / "shared" / "transcripts"


@dataclass(frozen=True)
class Cost:
    """CPU seconds of the one pass and of all the chunking, for the same text."""

    encode: float
    chunk: float
    chunks: Chunks

    @property
    def ratio(self) -> float:
        return self.chunk / self.encode


def measure(transcript: Transcript, seconds: float = SECONDS, least_rounds: int = LEAST_ROUNDS) -> Cost:
    """Time both in turns, for so many CPU seconds. What is loaded once a process (ranks, table) is loaded before."""
    encoding = get_encoding(DEFAULT_ENCODING)
    token_table(DEFAULT_ENCODING)
    text = transcript.text
    chunks = chunk_transcript(transcript)
    if coverage(chunks) != 1.0:
        raise AssertionError(f"coverage is {coverage(chunks)}: a time would say nothing")
    encode = chunk = float("inf")
    end = time.process_time() + seconds
    rounds = 0
    while rounds < least_rounds or time.process_time() < end:
        rounds += 1
        encode = min(encode, _cpu_seconds(lambda: encoding.encode(text, disallowed_special=())))
        chunk = min(chunk, _cpu_seconds(lambda: chunk_transcript(transcript)))
    return Cost(encode=encode, chunk=chunk, chunks=chunks)


def real_transcripts(directory: Path) -> Iterator[tuple[str, Transcript]]:
    """Yield the three largest transcripts of a folder, none where it is not there."""
    largest = sorted(directory.glob("*.json"), key=lambda file: file.stat().st_size, reverse=True)[:3]
    for file in sorted(largest):
        transcript = parse_transcript(file.read_bytes(), key=file.name)
        yield f"real: {file.name}, {len(transcript.snippets):,} snippets", transcript


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks chunking", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="CPU seconds a transcript (%(default)g)")
    parser.add_argument(
        "--data", type=Path, default=REAL_TRANSCRIPTS, help="folder of real transcripts, if there is one"
    )
    options = parser.parse_args(arguments)
    long = speech(400_000)
    cases: list[tuple[str, Transcript]] = [
        *((f"speech, {tokens:,} tokens", speech(tokens)) for tokens in (50_000, 100_000, 200_000)),
        ("speech, 400,000 tokens", long),
        ("the same as one snippet", one_snippet(long)),
        ("Chinese, Japanese, Korean, 300,000 characters", east_asian(300_000)),
        ("one unbroken string of 1 MB", unbroken(1_000_000)),
        *real_transcripts(options.data),
    ]

    def row(name: str, transcript: Transcript) -> list[str]:
        cost = measure(transcript, options.seconds)
        tokens = cost.chunks.transcript_tokens
        return [
            name,
            f"{tokens:,}",
            str(len(cost.chunks.chunks)),
            f"{cost.encode * 1000:.0f}",
            f"{cost.chunk * 1000:.0f}",
            f"{cost.ratio:.2f}",
            f"{cost.chunk / tokens * 1e6:.2f}",
        ]

    header = ("transcript", "tokens", "chunks", "encode ms", "chunking ms", "ratio", "µs a token")
    print_table(header, (row(name, transcript) for name, transcript in cases))


def _cpu_seconds(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


if __name__ == "__main__":
    main()
