"""Keeping a client's calls within requests and tokens per minute, known or learned.

Belongs here: when the next call may go out, and what is learned from answers. Does not belong here: repeating calls
(``retries``, ``pacing``), the arithmetic of one limit (``allowance``), what calls weigh (``call_weights``), what is
remembered of a call (``permits``).

Two kinds of limit are kept at once, for requests and for tokens each:

- *Set* limits come from settings. What a call is expected to weigh is spent when it goes out, and what it did not use
  is given back when its answer is there: all but a little, unless the provider tells that very limit or a lower one,
  since its own count then corrects ours.
- *Learned* limits come from the ``x-ratelimit-*`` headers of answers, which tell the provider's own view, with other
  processes on the same account. A header was written either when the call was let in or when it was answered, and calls
  that go out together arrive in any order; the truth now lies between these readings, and the estimate is moved there.
  Given back is what a prompt was estimated too high, but not what an answer did not use: most providers keep that.

Without either, calls go out at once; a provider that answers 429 and tells no limits is met by fewer calls under way,
which grow again by one for each round of answers (additive increase, multiplicative decrease: D.-M. Chiu and R. Jain,
"Analysis of the Increase and Decrease Algorithms for Congestion Avoidance in Computer Networks", Computer Networks and
ISDN Systems 17 (1989), 1-14).

Calls go out in the order in which they came. A large one is not overtaken, so that it can't starve.

Several processes on one account see each other only through the headers, and meet where the account's limit binds. They
share it without being turned away where each is set its part.
"""

import asyncio
import heapq
import itertools
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from summary_pipeline.summarization.allowance import Allowance, first_capacity
from summary_pipeline.summarization.call_weights import CallWeights
from summary_pipeline.summarization.clock import Clock, SystemClock
from summary_pipeline.summarization.language_model import RateLimitState
from summary_pipeline.summarization.limit_readings import LimitReading, read_limits
from summary_pipeline.summarization.permits import Permit, amounts

KEPT_SHARE = 0.02
"""Share of a call that an answer does not give back of its reserve, until the provider's own count corrects ours."""
TRANSIT_SECONDS = 0.25
"""How long a call may be on its way to the provider."""
SHORTEST_WAIT_SECONDS = 1e-6
"""Below it is rounding, and no clock would tell that it has passed."""
SLOWER = 0.95
RECOVERY_SECONDS = 1800.0
"""Time in which a pace that was cut to nothing is back at the full limit, and the margin where it began."""
FEWER_AT_ONCE = 0.7
DOUBLING_SECONDS = 120.0


class AdaptiveLimiter:
    """Holds calls back until they may go out. Keeps no reference to an event loop while nobody waits.

    Args:
        requests_per_minute: A limit to keep; None for none but what the provider tells.
        tokens_per_minute: The same for tokens, prompt and answer together.
        clock: What time is.
    """

    def __init__(
        self,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        now = self._clock.now()
        limits = {"requests": requests_per_minute, "tokens": tokens_per_minute}
        self._set = {
            name: Allowance(limit, first_capacity(limit), now) for name, limit in limits.items() if limit is not None
        }
        self._learned: dict[str, Allowance] = {}
        self._sent = {"requests": 0.0, "tokens": 0.0}
        self._in_transit: deque[Permit] = deque()
        self._weights = CallWeights()
        self._paused_until = -math.inf
        self._most_at_once = math.inf
        self._in_flight = 0
        self._numbers = itertools.count(1)
        self._tickets = itertools.count(1)
        self._last_observed = 0
        self._last_slowed = 0
        self._slowed_at = now
        self._queue: list[_Waiter] = []

    @property
    def is_idle(self) -> bool:
        """Whether no call is under way and none waits."""
        return not self._queue and self._in_flight == 0

    def ticket(self) -> int:
        """Return a place in the queue. A call that is repeated keeps its place."""
        return next(self._tickets)

    async def acquire(self, tokens: int, ticket: int) -> Permit:
        """Return leave for a call that weighs ``tokens``, once it and all that came before it may go out."""
        if not self._queue and self._delay(self._weights.expected(tokens)) < SHORTEST_WAIT_SECONDS:
            return self._grant(tokens)
        waiter = _Waiter(ticket)
        heapq.heappush(self._queue, waiter)
        try:
            while True:
                waiter.woken.clear()
                delay = self._delay(self._weights.expected(tokens)) if self._queue[0] is waiter else math.inf
                if delay < SHORTEST_WAIT_SECONDS:
                    return self._grant(tokens)
                await self._wait(waiter, delay)
        finally:
            self._queue.remove(waiter)
            heapq.heapify(self._queue)
            self._wake_first()

    def succeeded(
        self, permit: Permit, used_tokens: int, state: RateLimitState | None, *, unused_output: int = 0
    ) -> None:
        """Take note of an answer.

        Args:
            permit: What the call was let out with.
            used_tokens: What it weighed, prompt and answer; 0 if that is not known.
            state: What the provider says of its limits.
            unused_output: What it might have weighed more, had the answer been as long as it might. Providers count
                that when they let a call in, and most never give it back.
        """
        now = self._clock.now()
        if used_tokens > 0:
            self._weights.learn(permit.estimated, used_tokens + unused_output)
            if "tokens" in self._set:
                kept = 0.0 if self._is_told("tokens") else min(unused_output, KEPT_SHARE * permit.tokens)
                self._set["tokens"].refund(permit.tokens - used_tokens - kept, now)
            if "tokens" in self._learned:
                self._learned["tokens"].refund(permit.tokens - used_tokens - unused_output, now)
        self._observe(permit, state, now)
        self._recover(now)
        self._end()

    def limited(self, permit: Permit, retry_after: float | None, state: RateLimitState | None) -> None:
        """Take note of a 429: nothing goes out for as long as it asks, and less from then on."""
        now = self._clock.now()
        if "tokens" in self._set:
            self._set["tokens"].refund(permit.tokens, now)
        self._observe(permit, state, now)
        self._paused_until = max(self._paused_until, now + (retry_after or 0.0))
        # Calls that went out before the pace was cut say nothing about the pace since.
        if permit.number > self._last_slowed:
            self._last_slowed = next(self._numbers)
            self._slow_down(now)
        self._end()

    def failed(self, _: Permit) -> None:
        """Take note of a call that ended otherwise. The provider counts it, so nothing is given back."""
        self._end()

    def _delay(self, tokens: int) -> float:
        if self._in_flight + 1 > self._most_at_once:
            return math.inf
        now = self._clock.now()
        waits = [allowance.wait(amount, now) for allowance, amount in self._allowances(tokens)]
        return max(0.0, self._paused_until - now, *waits)

    def _grant(self, estimated: int) -> Permit:
        now, tokens = self._clock.now(), self._weights.expected(estimated)
        missing = {name: allowance.missing(now) for name, allowance in self._learned.items()}
        for allowance, amount in self._allowances(tokens):
            allowance.spend(amount, now)
        for name, amount in amounts(tokens).items():
            self._sent[name] += amount
        self._in_flight += 1
        just_before = self._under_way(now)
        permit = Permit(tokens, now, next(self._numbers), dict(self._sent), just_before, missing, estimated)
        if self._in_transit:
            self._in_transit[-1].is_followed = True
        self._in_transit.append(permit)
        return permit

    def _under_way(self, now: float) -> dict[str, float]:
        """Return the requests and tokens that may not have reached the provider yet."""
        while self._in_transit and self._in_transit[0].granted_at < now - TRANSIT_SECONDS:
            self._in_transit.popleft()
        return {
            "requests": float(len(self._in_transit)),
            "tokens": float(sum(permit.tokens for permit in self._in_transit)),
        }

    def _allowances(self, tokens: int) -> Iterator[tuple[Allowance, float]]:
        weights = amounts(tokens)
        for limits in (self._set, self._learned):
            for name, allowance in limits.items():
                yield allowance, weights[name]

    async def _wait(self, waiter: "_Waiter", delay: float) -> None:
        """Return after ``delay`` seconds, or as soon as something changed that may let the call out earlier."""
        if delay == math.inf:
            await waiter.woken.wait()
            return
        sleeping = asyncio.ensure_future(self._clock.sleep(delay))
        sleeping.add_done_callback(lambda slept: None if slept.cancelled() else waiter.woken.set())
        try:
            await waiter.woken.wait()
        finally:
            sleeping.cancel()

    def _end(self) -> None:
        self._in_flight -= 1
        self._wake_first()

    def _wake_first(self) -> None:
        if self._queue:
            self._queue[0].woken.set()

    def _slow_down(self, now: float) -> None:
        known = [*self._set.values(), *self._learned.values()]
        self._recover(now)
        for allowance in known:
            allowance.complained_about(SLOWER)
        if not known:
            self._most_at_once = max(1.0, self._in_flight * FEWER_AT_ONCE)

    def _recover(self, now: float) -> None:
        gain = (now - self._slowed_at) / RECOVERY_SECONDS
        self._slowed_at = now
        self._most_at_once *= 2 ** (gain * RECOVERY_SECONDS / DOUBLING_SECONDS)
        for allowance in (*self._set.values(), *self._learned.values()):
            allowance.recover(gain)

    def _observe(self, permit: Permit, state: RateLimitState | None, now: float) -> None:
        """Learn from an answer, and from its headers unless those of a later call are known already."""
        if state is not None and permit.number >= self._last_observed:
            self._last_observed = permit.number
            for reading in read_limits(state):
                allowance = self._learned.get(reading.name)
                if allowance is None or allowance.per_minute != reading.limit:
                    allowance = self._learned[reading.name] = self._newly_learned(reading, now)
                self._follow(allowance, reading, permit, now)
        for name, limit in self._set.items():
            limit.answered(permit.amounts[name])

    def _newly_learned(self, reading: LimitReading, now: float) -> Allowance:
        capacity, level = reading.capacity(first_capacity(reading.limit)), -math.inf
        # Where the account has just the limit that is set, our count so far tells its level, and its own corrects ours.
        counted = self._set.get(reading.name)
        if counted is not None and reading.limit <= counted.per_minute:
            counted.widen(counted.per_minute * capacity / reading.limit, now)
            level = counted.level(now)
        return Allowance(reading.limit, capacity, now, level=level)

    def _is_told(self, name: str) -> bool:
        return name in self._learned and self._learned[name].per_minute <= self._set[name].per_minute

    def _note_arrival(self, name: str, permit: Permit, left: float) -> None:
        late = self._learned[name].lateness(
            permit.amounts[name],
            missing=permit.missing[name],
            follows=permit.just_before[name] > 0,
            is_followed=permit.is_followed,
            left=left,
        )
        for limits in (self._set, self._learned):
            if name in limits and late is not None:
                limits[name].arrived(late)

    def _follow(self, allowance: Allowance, reading: LimitReading, permit: Permit, now: float) -> None:
        allowance.capacity = reading.capacity(allowance.capacity)
        level = reading.level(allowance.capacity)
        # Calls that went out before a complaint say nothing about what came of it.
        if permit.number > self._last_slowed and reading.name in permit.missing:
            self._note_arrival(reading.name, permit, level)
        since = self._sent[reading.name] - permit.sent[reading.name]
        if_let_in = level + allowance.rate * (now - permit.granted_at) - since
        # What was sent a moment before or ago may not have reached the provider when it wrote this.
        if_let_in_early = if_let_in - permit.just_before[reading.name]
        if_answered = level - min(since, self._under_way(now)[reading.name])
        # No call is let in that leaves a debt, unless it is larger than the bucket.
        least = min(0.0, level, allowance.capacity - permit.amounts[reading.name])
        allowance.bound(max(least, min(if_answered, if_let_in_early)), max(level, if_let_in), now)
        if reading.name in self._set:
            limit = self._set[reading.name]
            limit.widen(limit.per_minute * allowance.capacity / allowance.per_minute, now)


@dataclass(order=True, slots=True)
class _Waiter:
    ticket: int
    woken: asyncio.Event = field(compare=False, default_factory=asyncio.Event)
