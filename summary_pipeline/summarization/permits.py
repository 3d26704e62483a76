"""Leave for calls, and what is remembered of each until its answer tells how it fared.

Belongs here: what the limiter hands out and gets back. Does not belong here: when it is handed out (``rate_limit``).
"""

from dataclasses import dataclass


@dataclass(eq=False, slots=True)
class Permit:
    """Leave for one call. Exactly one of the limiter's ``succeeded``, ``limited`` or ``failed`` ends it."""

    tokens: int
    granted_at: float
    number: int
    sent: dict[str, float]
    """Requests and tokens that had gone out in all when this call did, itself included."""
    just_before: dict[str, float]
    """What of that went out just before it, and may have arrived after it."""
    missing: dict[str, float]
    """What each learned limit was thought to be short of before it."""
    estimated: int
    """What it was said to weigh; ``tokens`` is that by what such estimates have been worth so far."""
    is_followed: bool = False
    """Whether a call went out just after it, which may have arrived before it."""

    @property
    def amounts(self) -> dict[str, float]:
        """What it weighs on each limit."""
        return amounts(self.tokens)


def amounts(tokens: int) -> dict[str, float]:
    """Return what a call of so many tokens weighs on each limit."""
    return {"requests": 1.0, "tokens": float(tokens)}
