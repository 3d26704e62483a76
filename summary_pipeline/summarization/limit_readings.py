"""What a provider tells of its limits, one reading a limit.

Belongs here: taking apart what an answer's headers said. Does not belong here: reading headers (the client), and what
is learned from readings (``rate_limit``).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from summary_pipeline.summarization.language_model import RateLimitState

LONGEST_RESET_SECONDS = 121.0
"""A limit per minute is back in a minute; in two where a call larger than what its bucket held left a debt."""


@dataclass(frozen=True, slots=True)
class LimitReading:
    """One limit per minute, in requests or tokens, and what was left of it. ``reset`` is seconds until all is back."""

    name: str
    limit: float
    remaining: float
    reset: float | None

    def capacity(self, known: float) -> float:
        """Return what a bucket holds that was ``known`` to hold so much: what is left, and what comes back."""
        if self.reset is None or self.remaining <= 0:
            return known
        return min(self.limit, max(known, self.remaining + self.reset * self.limit / 60))

    def level(self, capacity: float) -> float:
        """Return what is left in a bucket of ``capacity``: what is told in whole numbers, to the fraction by the reset.

        Below 0 for a debt, which only the reset shows. One that does not fit, like a window's end, tells nothing.
        """
        if self.reset is None:
            return self.remaining
        by_reset = capacity - self.reset * self.limit / 60
        is_debt = self.remaining <= 0 and by_reset < 0
        return by_reset if is_debt or self.remaining <= by_reset < self.remaining + 1 else self.remaining


def read_limits(state: RateLimitState) -> Iterator[LimitReading]:
    """Yield the limits that ``state`` tells, those of which a limit and what remains are known.

    Some providers tell a limit per day under the same names. While something is left of it, it holds nothing back; once
    nothing is, its reset shows that it is none per minute, and it is for a 429 to say how long to wait.
    """
    for name, limit, remaining, reset in (
        ("requests", state.limit_requests, state.remaining_requests, state.reset_requests_seconds),
        ("tokens", state.limit_tokens, state.remaining_tokens, state.reset_tokens_seconds),
    ):
        if limit and remaining is not None and (remaining > 0 or (reset or 0.0) <= LONGEST_RESET_SECONDS):
            yield LimitReading(name, limit, remaining, reset)
