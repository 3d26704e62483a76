"""What calls are taken to weigh, by what estimates of their size have been worth.

Belongs here: learning from what answers weighed. Does not belong here: estimating (``calls``), what a weight does to a
limit (``rate_limit``).
"""

import math
from collections import defaultdict, deque

REMEMBERED = 16
"""Calls of one size of which it is remembered what their estimates were worth."""
WORTHS = (0.8, 1.25)
"""What an estimate may be worth, whatever answers told: a call of another kind may be estimated otherwise."""


class CallWeights:
    """Weights of calls, in tokens. Calls whose sizes have one nearest power of two are taken to be of one kind."""

    def __init__(self) -> None:
        self._worths: defaultdict[int, deque[float]] = defaultdict(lambda: deque(maxlen=REMEMBERED))

    def expected(self, estimated: int) -> int:
        """Return what an estimate is taken for: by the highest of late ones of its size, since too low is too early."""
        least, most = WORTHS
        highest = max(self._worths[_size(estimated)], default=1.0)
        return math.ceil(estimated * min(max(highest, least), most))

    def learn(self, estimated: int, weighed: int) -> None:
        """Take note of what a call weighed that was estimated so."""
        self._worths[_size(estimated)].append(weighed / max(1, estimated))


def _size(estimated: int) -> int:
    """Return the nearest power of two. Chunks of 8,000 tokens, the default, lie well within the bounds of one."""
    return round(math.log2(max(1, estimated)))
