"""From the simulated model's log of calls to the numbers of a row.

Belongs here: arithmetic on the log. Does not belong here: running anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.map_reduce.contestant import MAP_OUTPUT_TOKENS, Finish
from benchmarks.map_reduce.scenarios import Scenario, allowed


@dataclass(frozen=True)
class LoggedCall:
    """One call as the simulated model saw it. Times are seconds of its clock; ``limit`` is that of the answer."""

    arrived: float
    ended: float
    status: int
    at_once: int
    limit: int
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def charged(self) -> int:
        """What the call weighs on the limit of tokens: its prompt and its output limit."""
        return self.prompt_tokens + self.limit


@dataclass(frozen=True)
class Measurement:
    """How a contestant did in a scenario."""

    seconds: float
    cpu_seconds: float
    over_ideal: float
    over_ideal_as_sent: float
    """Over the ideal of whoever sends the same prompts: what is left is what the contestant waits in vain."""
    calls: int
    sent_over_transcript: float
    rate_limited: int
    limit_used: float | None
    most_at_once: int

    @property
    def rate_limited_share(self) -> float:
        """Share of all calls that were answered 429."""
        return self.rate_limited / (self.calls + self.rate_limited)


def evaluate(scenario: Scenario, transcript_tokens: int, finish: Finish, log: Sequence[LoggedCall]) -> Measurement:
    """Return the numbers of a row; ``transcript_tokens`` are those of all videos.

    Raises:
        AssertionError: a call was answered otherwise than 200 or 429, or a summary is missing.
    """
    strange = {call.status for call in log} - {200, 429}
    if strange:
        raise AssertionError(f"the simulated model answered {sorted(strange)}")
    if len(finish.summaries) != scenario.videos or not all(finish.summaries):
        raise AssertionError(f"{scenario.videos} summaries were asked for, and not all came")
    answered = [call for call in log if call.status == 200]
    map_prompt_tokens = sum(call.prompt_tokens for call in answered if call.limit == MAP_OUTPUT_TOKENS)
    return Measurement(
        seconds=finish.seconds,
        cpu_seconds=finish.cpu_seconds,
        over_ideal=finish.seconds / scenario.ideal_seconds(),
        over_ideal_as_sent=finish.seconds / scenario.ideal_seconds(map_prompt_tokens),
        calls=len(answered),
        sent_over_transcript=sum(call.prompt_tokens for call in answered) / transcript_tokens,
        rate_limited=len(log) - len(answered),
        limit_used=limit_used(scenario, answered),
        most_at_once=max(call.at_once for call in log),
    )


def limit_used(scenario: Scenario, answered: Sequence[LoggedCall]) -> float | None:
    """Return the largest share used of a limit, None where there is none.

    Counted up to the moment at which all but one call a video had been let in: the last ones wait for answers, not for
    the limit.
    """
    by_arrival = sorted(answered, key=lambda call: call.arrived)
    counted = by_arrival[: max(1, len(by_arrival) - scenario.videos)]
    seconds = counted[-1].arrived - counted[0].arrived
    shares = [
        used / allowed(limit, seconds)
        for used, limit in (
            (len(counted), scenario.requests_per_minute),
            (sum(call.charged for call in counted), scenario.tokens_per_minute),
        )
        if limit is not None
    ]
    return max(shares, default=None)
