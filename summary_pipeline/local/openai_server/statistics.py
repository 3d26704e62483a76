"""Counts of what the server did, for tests and benchmarks.

Belongs here: counting. Does not belong here: deciding anything.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Statistics:
    """Since the start or the last reset. ``now`` is seconds of any steady clock."""

    def __init__(self) -> None:
        self._in_flight = 0
        self.reset()

    def reset(self) -> None:
        """Start counting anew; calls under way stay under way."""
        self._calls = 0
        self._peak = self._in_flight
        self._statuses: Counter[int] = Counter()
        self._statuses_in_batches: Counter[int] = Counter()
        self._faults: Counter[str] = Counter()
        self._schemas: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()
        self._first: float | None = None
        self._last_admission: float | None = None
        self._last_answer: float | None = None

    @contextmanager
    def call(self, now: float) -> Iterator[None]:
        """Count a call, and that it is under way."""
        self._calls += 1
        self._first = now if self._first is None else self._first
        self._in_flight += 1
        self._peak = max(self._peak, self._in_flight)
        try:
            yield
        finally:
            self._in_flight -= 1

    def admitted(self, charged_tokens: int, schema_name: str | None, now: float) -> None:
        """Count a call that the limits let in."""
        self._tokens["charged"] += charged_tokens
        self._schemas[schema_name or "none"] += 1
        self._last_admission = now

    def struck(self, kind: str) -> None:
        """Count a fault."""
        self._faults[kind] += 1

    def used(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Count the tokens of an answer."""
        self._tokens["prompt"] += prompt_tokens
        self._tokens["completion"] += completion_tokens

    def answered(self, status: int, now: float) -> None:
        """Count an answer."""
        self._statuses[status] += 1
        self._last_answer = now

    def answered_in_batch(self, status: int) -> None:
        """Count an answer to a request of a batch; it is no call."""
        self._statuses_in_batches[status] += 1

    def snapshot(self) -> dict[str, Any]:
        """Return all counts. Times are seconds since the first call."""

        def since_first(moment: float | None) -> float | None:
            return None if moment is None or self._first is None else round(moment - self._first, 6)

        return {
            "calls": self._calls,
            "rate_limited": self._statuses[429],
            "statuses": {str(status): count for status, count in sorted(self._statuses.items())},
            "batch_statuses": {str(status): count for status, count in sorted(self._statuses_in_batches.items())},
            "faults": dict(self._faults),
            "admitted": sum(self._schemas.values()),
            "admitted_by_schema": dict(self._schemas),
            "prompt_tokens": self._tokens["prompt"],
            "completion_tokens": self._tokens["completion"],
            "charged_tokens": self._tokens["charged"],
            "in_flight": self._in_flight,
            "peak_in_flight": self._peak,
            "last_admission_seconds": since_first(self._last_admission),
            "last_answer_seconds": since_first(self._last_answer),
        }
