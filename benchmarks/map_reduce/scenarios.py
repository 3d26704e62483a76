"""What is summarized under which limits, and how fast that could be done at best.

Belongs here: the scenarios and the arithmetic of their lower bounds. No contestant, no server.
"""

from dataclasses import dataclass
from math import ceil

from benchmarks.map_reduce.contestant import FINAL_OUTPUT_TOKENS, MAP_OUTPUT_TOKENS
from summary_pipeline.local.openai_server.configuration import Behaviour

CHUNK_TOKENS = 8000
AT_ONCE = 64
RATE_WINDOW_SECONDS = 5.0


@dataclass(frozen=True)
class Scenario:
    """``videos`` transcripts of ``chunks`` chunks each, ``transcript_tokens`` in one; limits are per minute."""

    name: str
    title: str
    chunks: int
    transcript_tokens: int
    latency_seconds: float
    videos: int = 1
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    chunk_tokens: int = CHUNK_TOKENS
    at_once: int = AT_ONCE
    rounds: int = 1
    """Where no limit sets the pace, the fastest of so many counts: a busy machine shows in seconds."""

    @property
    def is_limited(self) -> bool:
        return self.requests_per_minute is not None or self.tokens_per_minute is not None

    @property
    def behaviour(self) -> Behaviour:
        """What the simulated model is told."""
        return Behaviour(
            latency_seconds=self.latency_seconds,
            requests_per_minute=self.requests_per_minute,
            tokens_per_minute=self.tokens_per_minute,
            rate_window_seconds=RATE_WINDOW_SECONDS,
        )

    @property
    def least_calls(self) -> int:
        """A call a chunk and one over all; one alone for one chunk."""
        return self.videos * (self.chunks + 1 if self.chunks > 1 else 1)

    def ideal_seconds(self, map_prompt_tokens: int | None = None) -> float:
        """Return a lower bound of the time that anybody needs.

        It is the longest of: the calls that can be under way at once, in rounds of one latency; and the time until the
        limits have let in the last call of a stage, plus what has to follow it. The map phase's prompts hold nothing
        but transcript, or are of ``map_prompt_tokens`` together.
        """
        if self.chunks == 1:
            return self.latency_seconds * ceil(self.videos / self.at_once)
        maps = self.videos * self.chunks
        calls = self.least_calls
        prompt_tokens = self.videos * self.transcript_tokens if map_prompt_tokens is None else map_prompt_tokens
        map_tokens = prompt_tokens + maps * MAP_OUTPUT_TOKENS
        maps_let_in = self._let_in(maps, map_tokens)
        all_let_in = self._let_in(calls, map_tokens + self.videos * FINAL_OUTPUT_TOKENS)
        return max(
            self.latency_seconds * (ceil(maps / self.at_once) + 1),
            self.latency_seconds * ceil(calls / self.at_once),
            maps_let_in + 2 * self.latency_seconds,
            all_let_in + self.latency_seconds,
        )

    def _let_in(self, requests: float, tokens: float) -> float:
        return max(_seconds_until(requests, self.requests_per_minute), _seconds_until(tokens, self.tokens_per_minute))


def allowed(per_minute: float, seconds: float) -> float:
    """Return what a limit lets through in ``seconds``: what its window holds at the start, and what comes after."""
    return per_minute / 60 * (RATE_WINDOW_SECONDS + seconds)


def _seconds_until(amount: float, per_minute: float | None) -> float:
    if per_minute is None:
        return 0.0
    return max(0.0, amount / (per_minute / 60) - RATE_WINDOW_SECONDS)


SCENARIOS = (
    Scenario("one", "1 chunk", chunks=1, transcript_tokens=7_500, latency_seconds=2, rounds=3),
    Scenario(
        "eight",
        "8 chunks, a transcript of 60,000 tokens",
        chunks=8,
        transcript_tokens=60_000,
        latency_seconds=2,
        rounds=3,
    ),
    Scenario(
        "eight-tokens",
        "8 chunks, a transcript of 60,000 tokens, 400,000 tokens a minute",
        chunks=8,
        transcript_tokens=60_000,
        latency_seconds=2,
        tokens_per_minute=400_000,
        rounds=2,
    ),
    Scenario("sixty-four", "64 chunks", chunks=64, transcript_tokens=505_000, latency_seconds=5, rounds=5),
    Scenario(
        "requests",
        "64 chunks, 240 requests a minute",
        chunks=64,
        transcript_tokens=505_000,
        latency_seconds=2,
        requests_per_minute=240,
    ),
    Scenario(
        "tokens",
        "64 chunks, 2,000,000 tokens a minute",
        chunks=64,
        transcript_tokens=505_000,
        latency_seconds=2,
        tokens_per_minute=2_000_000,
    ),
    Scenario(
        "fifty",
        "50 videos of 3 chunks at once, 5,000 requests and 3,000,000 tokens a minute",
        videos=50,
        chunks=3,
        transcript_tokens=23_500,
        latency_seconds=2,
        requests_per_minute=5_000,
        tokens_per_minute=3_000_000,
    ),
)
