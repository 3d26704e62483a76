"""What may still be sent under one limit per minute, as far as can be known from outside.

Belongs here: the arithmetic of one limit, without waiting and without a clock of its own.
Does not belong here: several limits together, queues (``rate_limit``).

A provider's limit is taken for a token bucket: it refills at the limit's rate and holds ``capacity``, less than a
minute's worth where the provider enforces shorter windows. ``Allowance`` keeps an estimate of that bucket's level. Two
things make it more than a counter:

- A call larger than the bucket goes out when the bucket is full and leaves a debt.
- Calls arrive a little later or earlier than they are sent. So that none comes too early, a margin is left in the
  bucket: the shorter, the better the provider's own count has agreed with the estimate. Where there is no room for
  one, calls are spaced a little further apart than the limit asks.

An arrival is told by what the provider says was left when it let the call in. The estimate moves down to what the
quickest call has met, so that only a call that is quicker still comes too early. How much quicker it may be is told by
how far apart the arrivals were, and by how many there were: of a few that are far apart, the next may well be beyond.
"""

from collections import deque

MARGIN_SECONDS = 0.2
"""How much a call's way to the provider may vary, until a 429 has shown that it varies more."""
LONGEST_MARGIN_SECONDS = 0.5
SHORTEST_MARGIN_SECONDS = 0.03
UNSURE_FACTOR = 4.0
"""How fast the margin shrinks with arrivals that agree: to a fifth after the first."""
SHORTFALL_FACTOR = 3.0
"""What is left in the bucket, over the largest shortfall that was seen lately."""
SPREAD_FACTOR = 4.0
"""What is left in the bucket, over how far apart arrivals were, divided by their number."""
NEARLY = 0.9
"""Share of a call: what the provider has too much or too little by as much may be another call."""
ROUNDED_SECONDS = 0.002
"""Headers tell whole milliseconds."""
REMEMBERED = 16
"""Calls of which it is remembered how they arrived."""
MARGIN_SHARE = 0.03
"""Share of a call by which the pause before it grows where the bucket has no room for the margin."""
FIRST_PAUSE_SECONDS = 0.005
"""By how much instead, until a call as large as the bucket was answered: most hold more than is thought at first."""
FIRST_BURST_SECONDS = 1.0
"""A limit of so many seconds may be spent at once, until the provider has shown that it allows more."""


class Allowance:
    """An estimate of one bucket. ``now`` is seconds of any steady clock; amounts are requests or tokens."""

    def __init__(self, per_minute: float, capacity: float, now: float, *, level: float | None = None) -> None:
        self.per_minute = per_minute
        self.capacity = capacity
        self.factor = 1.0
        """Share of the limit's rate that is used. Lowered when the provider complains all the same."""
        self._is_small = level is not None
        """Whether a call may be as large as the bucket, as far as is known."""
        self._most_margin = MARGIN_SECONDS
        self._arrivals: deque[float] = deque(maxlen=REMEMBERED)
        # Nothing was sent yet, so the bucket has been full for as long as one likes.
        self._level = float("inf") if level is None else level
        self._updated = now

    def level(self, now: float) -> float:
        """Return what the bucket holds at ``now``, negative for a debt."""
        return min(self.capacity, self._refilled(now))

    def missing(self, now: float) -> float:
        """Return what the bucket is short of being full, negative for what has run over the brim since it was."""
        return self.capacity - self._refilled(now)

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds until ``amount`` may be spent: 0 where it may be now."""
        need = min(amount, self.capacity)
        room, margin = self.capacity - need, self.margin_seconds * self.per_minute / 60
        pause = MARGIN_SHARE * amount if self._is_small else FIRST_PAUSE_SECONDS * self.per_minute / 60
        if room < max(margin, pause):
            margin = max(min(margin, room), pause)
        return max(0.0, (need + margin - self._refilled(now)) / self.rate)

    @property
    def margin_seconds(self) -> float:
        """How much a call's way to the provider may vary: the less, the more calls have arrived as estimated.

        What a complaint added stays until it is recovered from.
        """
        earliest, latest = min([0.0, *self._arrivals]), max([0.0, *self._arrivals])
        unsure = self._most_margin / (1 + UNSURE_FACTOR * len(self._arrivals))
        needed = max(-SHORTFALL_FACTOR * earliest, SPREAD_FACTOR * (latest - earliest) / max(1, len(self._arrivals)))
        complained = self._most_margin - MARGIN_SECONDS
        return min(self._most_margin, max(SHORTEST_MARGIN_SECONDS + complained, unsure, needed))

    def lateness(self, amount: float, *, missing: float, follows: bool, is_followed: bool, left: float) -> float | None:
        """Return by how many seconds a call came later than was reckoned with, negative for earlier.

        Args:
            amount: What the call weighed.
            missing: What was ``missing`` before it.
            follows: Whether a call was sent just before it, and may have arrived after it.
            is_followed: Whether one was sent just after it, and may have arrived before it.
            left: What the provider said was left once it had let the call in.

        Returns:
            None where nothing can be told: a full bucket is as full for a late call, and where there is a call too much
            or too few, they came in another order.
        """
        late = (left - (self.capacity - max(0.0, missing) - amount)) / self.rate
        was_full = missing < MARGIN_SECONDS * self.rate and late > -ROUNDED_SECONDS
        overtook = follows and late * self.rate > NEARLY * amount
        overtaken = is_followed and -late * self.rate > NEARLY * amount
        return None if was_full or overtook or overtaken else late

    def arrived(self, late_seconds: float) -> None:
        """Take note of how late a call came, as ``lateness`` has it.

        At a lowered pace the provider refills faster than the estimate: that it has more says nothing of arrivals.
        """
        self._arrivals.append(late_seconds if self.factor == 1.0 else min(0.0, late_seconds))

    def answered(self, amount: float) -> None:
        """Take note of an answer or a 429, once what it tells is known: a bucket that its call still fills is small."""
        self._is_small = self._is_small or amount >= self.capacity

    def spend(self, amount: float, now: float) -> None:
        """Take ``amount``. What ran over the brim before is lost."""
        self._level = self.level(now) - amount
        self._updated = now

    def refund(self, amount: float, now: float) -> None:
        """Return what was spent and not used; a negative amount spends what was used beyond."""
        self._level = min(self.capacity, self._refilled(now) + amount)
        self._updated = now

    def widen(self, capacity: float, now: float) -> None:
        """Take note that the bucket holds more than was thought, and that it did from the beginning."""
        if capacity > self.capacity:
            self._level = self.level(now) + capacity - self.capacity
            self._updated = now
            self.capacity = capacity

    def complained_about(self, slower: float) -> None:
        """Take note that a call was turned away all the same: keep a wider margin and a pace lower by ``slower``."""
        self.factor *= slower
        self._most_margin = min(2 * self._most_margin, LONGEST_MARGIN_SECONDS)
        self._arrivals.clear()

    def recover(self, gain: float) -> None:
        """Take back a share ``gain`` of all that complaints may bring about."""
        self.factor = min(1.0, self.factor + gain)
        self._most_margin = max(MARGIN_SECONDS, self._most_margin - gain * LONGEST_MARGIN_SECONDS)

    def bound(self, lowest: float, highest: float, now: float) -> None:
        """Move the estimate between ``lowest`` and ``highest``, and no further than that takes."""
        self._level = min(max(self._refilled(now), min(lowest, self.capacity)), max(lowest, highest))
        self._updated = now

    @property
    def rate(self) -> float:
        """What comes back each second."""
        return self.per_minute / 60 * self.factor

    def _refilled(self, now: float) -> float:
        return self._level + (now - self._updated) * self.rate


def first_capacity(per_minute: float) -> float:
    """Return what a bucket is taken to hold of which only the limit is known."""
    return max(1.0, per_minute / 60 * FIRST_BURST_SECONDS)
