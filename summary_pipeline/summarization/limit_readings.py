"""What a provider tells of its limits, one reading a limit.

Belongs here: taking apart what an answer's headers said. Does not belong here: reading headers (the client), and what
is learned from readings (``rate_limit``).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from summary_pipeline.summarization.language_model import RateLimitState


@dataclass(frozen=True, slots=True)
class LimitReading:
    """One limit per minute, in requests or tokens, and what was left of it. ``reset`` is seconds until all is back."""

    name: str
    limit: float
    remaining: float
    reset: float | None

    def level(self, capacity: float) -> float:
        """Return what is left in a bucket of ``capacity``, below 0 for a debt that only the reset shows."""
        if self.reset is None:
            return self.remaining
        return min(self.remaining, capacity - self.reset * self.limit / 60)


def read_limits(state: RateLimitState) -> Iterator[LimitReading]:
    """Yield the limits that ``state`` tells, those of which a limit and what remains are known."""
    for name, limit, remaining, reset in (
        ("requests", state.limit_requests, state.remaining_requests, state.reset_requests_seconds),
        ("tokens", state.limit_tokens, state.remaining_tokens, state.reset_tokens_seconds),
    ):
        if limit and remaining is not None:
            yield LimitReading(name, limit, remaining, reset)
