"""A provider in virtual time: the offline server's own enforcement of limits, without its HTTP.

Belongs here: the model that tests of pacing call. Does not belong here: tests.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from summary_pipeline.local.openai_server.api_errors import ApiError
from summary_pipeline.local.openai_server.configuration import Behaviour
from summary_pipeline.local.openai_server.rate_limits import RateLimits
from summary_pipeline.resources.openai_language_model import read_rate_limit
from summary_pipeline.summarization.language_model import (
    Completion,
    CompletionRequest,
    Message,
    RateLimitedError,
    TransientModelError,
)
from summary_pipeline.summarization.pacing import PacedModel
from summary_pipeline.summarization.rate_limit import AdaptiveLimiter
from summary_pipeline.summarization.retries import RetryPolicy
from summary_pipeline_tests.summarization.virtual_time import LoopClock

OUTPUT_TOKENS = 200
HeadersAt = Literal["admission", "answer", "never"]


def call(tokens: int) -> CompletionRequest:
    """Return a request whose prompt weighs ``tokens``."""
    return CompletionRequest("m", (Message("user", str(tokens)),), OUTPUT_TOKENS)


@dataclass
class SimulatedProvider:
    """Answers after ``latency`` seconds, give or take; calls reach it up to ``jitter`` seconds after they are sent."""

    behaviour: Behaviour = field(default_factory=Behaviour)
    latency: float = 3.0
    jitter: float = 0.03
    headers_at: HeadersAt = "admission"
    failure: Callable[[int], TransientModelError | None] = lambda _: None
    seed: int = 7
    calls: int = 0
    limited_at: list[float] = field(default_factory=list)
    admitted: list[tuple[float, int]] = field(default_factory=list)
    """When each call was let in, and what it was charged."""
    in_flight: int = 0
    peak_in_flight: int = 0

    def __post_init__(self) -> None:
        self._limits = RateLimits(self.behaviour, 0.0)
        self._random = random.Random(self.seed)  # noqa: S311 - repeatable on purpose

    async def complete(self, request: CompletionRequest) -> Completion:
        await asyncio.sleep(self._random.random() * self.jitter)
        self.calls += 1
        prompt_tokens = int(request.messages[0].content)
        try:
            admission = self._limits.admit(prompt_tokens + request.max_output_tokens, self._now())
        except ApiError as error:
            self.limited_at.append(self._now())
            raise RateLimitedError(
                str(error),
                retry_after_seconds=int(error.headers["retry-after-ms"]) / 1000,
                rate_limit=None if self.headers_at == "never" else read_rate_limit(error.headers),
            ) from error
        self.admitted.append((self._now(), admission.charged_tokens))
        failure = self.failure(self.calls)
        if failure is not None:
            raise failure
        await self._work()
        used = prompt_tokens + request.max_output_tokens // 2
        self._limits.settle(admission, used)
        headers = {"admission": admission.headers, "answer": self._limits.headers(self._now()), "never": {}}
        return Completion(
            "text",
            "stop",
            "m",
            prompt_tokens,
            used - prompt_tokens,
            rate_limit=read_rate_limit(headers[self.headers_at]),
        )

    def seconds_lost(self, window: float) -> float:
        """Return how much later the last call was let in than a limit on tokens enforced over ``window`` would have."""
        rate = (self.behaviour.tokens_per_minute or 0) / 60
        return self.admitted[-1][0] - (sum(charge for _, charge in self.admitted) / rate - window)

    def share_of_limit(self) -> float:
        """Return what was let in, over what the limits let in steadily, up to the last call."""
        seconds, last_charge = self.admitted[-1]
        minutes = seconds / 60
        requests, tokens = len(self.admitted) - 1, sum(charge for _, charge in self.admitted) - last_charge
        shares = [
            amount / (limit * minutes)
            for amount, limit in (
                (requests, self.behaviour.requests_per_minute),
                (tokens, self.behaviour.tokens_per_minute),
            )
            if limit is not None
        ]
        return max(shares)

    async def _work(self) -> None:
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.latency * (0.7 + 0.6 * self._random.random()))
        finally:
            self.in_flight -= 1

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


async def make_calls(
    provider: SimulatedProvider,
    sizes: Sequence[int],
    *,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    at_once: int = 10_000,
) -> float:
    """Make a call of each size, all at once or so many, and return the seconds that it took."""
    limiter = AdaptiveLimiter(
        requests_per_minute=requests_per_minute, tokens_per_minute=tokens_per_minute, clock=LoopClock()
    )
    paced = PacedModel(provider, limiter, RetryPolicy(max_attempts=30), LoopClock())
    slots = asyncio.Semaphore(at_once)
    started = asyncio.get_running_loop().time()

    async def make(size: int) -> None:
        async with slots:
            await paced(call(size), estimated_tokens=size + OUTPUT_TOKENS)

    await asyncio.gather(*(make(size) for size in sizes))
    return asyncio.get_running_loop().time() - started
