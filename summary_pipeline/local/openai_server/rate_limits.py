"""Enforcement of requests and tokens per minute, with the headers that tell a client of it.

Belongs here: the buckets and their headers. Does not belong here: HTTP, or the client's own pace
(``summary_pipeline.summarization.rate_limit``, which this enforcement is there to test).

A limit is a token bucket: it refills steadily and holds no more than the limit's share of the window. A call larger
than the bucket is let in when the bucket is full, and is paid off before the next. A call that is turned away costs a
request all the same, as with OpenAI: hammering does not help.
"""

from dataclasses import dataclass

from summary_pipeline.local.openai_server.api_errors import ApiError, retry_after_headers
from summary_pipeline.local.openai_server.configuration import Behaviour

_ROUNDING_SECONDS = 1e-6


class TokenBucket:
    """A limit per minute, enforced over a shorter window. ``now`` is seconds of any steady clock."""

    def __init__(self, per_minute: float, window_seconds: float, now: float) -> None:
        self.per_minute = per_minute
        self._rate = per_minute / 60
        self._capacity = max(self._rate * window_seconds, 1.0)
        self._level = self._capacity
        self._updated = now

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds after which ``amount`` could be taken: 0 where it can be now."""
        self._refill(now)
        wait = (min(amount, self._capacity) - self._level) / self._rate
        return wait if wait > _ROUNDING_SECONDS else 0.0

    def take(self, amount: float) -> None:
        """Take ``amount``, going into debt where it is larger than the bucket."""
        self._level -= amount

    def charge_failure(self) -> None:
        """Take one, as far as there is one."""
        self._level = min(self._level, max(0.0, self._level - 1))

    def give_back(self, amount: float) -> None:
        """Return what was taken and not used; a negative amount takes what was used beyond."""
        self._level = min(self._capacity, self._level + amount)

    def remaining(self, now: float) -> int:
        """Return what could be taken at this moment."""
        self._refill(now)
        return max(0, int(self._level))

    def reset_seconds(self, now: float) -> float:
        """Return the seconds after which the bucket is full."""
        self._refill(now)
        return (self._capacity - self._level) / self._rate

    def _refill(self, now: float) -> None:
        self._level = min(self._capacity, self._level + (now - self._updated) * self._rate)
        self._updated = now


@dataclass(frozen=True, slots=True)
class Admission:
    """A call that was let in: what it was charged, and the headers to answer it with."""

    charged_tokens: int
    headers: dict[str, str]


class RateLimits:
    """Both limits of an account, either of which may be missing."""

    def __init__(self, behaviour: Behaviour, now: float) -> None:
        window = behaviour.rate_window_seconds
        self._refund = behaviour.refund_unused_tokens
        self._requests = _bucket(behaviour.requests_per_minute, window, now)
        self._tokens = _bucket(behaviour.tokens_per_minute, window, now)

    def admit(self, tokens: int, now: float) -> Admission:
        """Let a call in that weighs ``tokens``.

        Raises:
            ApiError: 429, with Retry-After and the state of both limits.
        """
        if self._tokens is not None and tokens > self._tokens.per_minute:
            message = (
                f"Request too large on tokens per min (TPM): Limit {self._tokens.per_minute:.0f}, Requested {tokens}. "
                "The input or output tokens must be reduced in order to run successfully."
            )
            raise ApiError(429, message, kind="tokens", code="rate_limit_exceeded", headers=self.headers(now))
        request_wait = self._requests.wait(1, now) if self._requests else 0.0
        token_wait = self._tokens.wait(tokens, now) if self._tokens else 0.0
        if request_wait > 0 or token_wait > 0:
            raise self._turn_away(tokens, request_wait, token_wait, now)
        if self._requests:
            self._requests.take(1)
        if self._tokens:
            self._tokens.take(tokens)
        return Admission(tokens, self.headers(now))

    def settle(self, admission: Admission, used_tokens: int) -> None:
        """Account for what an answered call really used."""
        unused = admission.charged_tokens - used_tokens
        if self._tokens and (self._refund or unused < 0):
            self._tokens.give_back(unused)

    def headers(self, now: float) -> dict[str, str]:
        """Return the ``x-ratelimit-*`` headers of this moment."""
        result: dict[str, str] = {}
        for name, bucket in (("requests", self._requests), ("tokens", self._tokens)):
            if bucket is not None:
                result[f"x-ratelimit-limit-{name}"] = f"{bucket.per_minute:.0f}"
                result[f"x-ratelimit-remaining-{name}"] = str(bucket.remaining(now))
                result[f"x-ratelimit-reset-{name}"] = format_duration(bucket.reset_seconds(now))
        return result

    def _turn_away(self, tokens: int, request_wait: float, token_wait: float, now: float) -> ApiError:
        if self._requests:
            self._requests.charge_failure()
        wait = max(request_wait, token_wait)
        kind, unit, bucket = "tokens", "tokens per min (TPM)", self._tokens
        if request_wait >= token_wait:
            kind, unit, bucket, tokens = "requests", "requests per min (RPM)", self._requests, 1
        limit = bucket.per_minute if bucket else 0
        message = f"Rate limit reached on {unit}: Limit {limit:.0f}, Requested {tokens}. Try again in {wait:.3f}s."
        headers = {**self.headers(now), **retry_after_headers(wait)}
        return ApiError(429, message, kind=kind, code="rate_limit_exceeded", headers=headers)


def format_duration(seconds: float) -> str:
    """Write a duration as OpenAI does: ``6ms``, ``1.5s``, ``6m0s``."""
    milliseconds = round(seconds * 1000)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    tail = f"{rest / 1000:g}s"
    return f"{minutes}m{tail}" if minutes else tail


def _bucket(per_minute: float | None, window_seconds: float, now: float) -> TokenBucket | None:
    return None if per_minute is None else TokenBucket(per_minute, window_seconds, now)
