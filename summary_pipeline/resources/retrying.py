"""Repeating an asset while a store or the model's provider is in trouble.

Belongs here: when the next attempt comes, and asking Dagster for it. Does not belong here: which errors are worth one
(``defs.failures``), or repeating single calls (``summarization.pacing``, boto3).

Not a ``dagster.RetryPolicy``: Dagster applies that to the interruption of a run, too, so that "Terminate" would be
answered with another attempt. And the wait is here, inside the failed attempt, because no signal interrupts the one
that Dagster's in-process executor makes between two attempts.
"""

import logging
import random
import time
from dataclasses import dataclass

import dagster as dg

#: Seconds that a wait grows to at most, so that all attempts end long before run monitoring ends the run.
LONGEST_WAIT_SECONDS = 300.0
#: Share of a wait by which it is shortened or lengthened at random, so that runs that failed together spread.
JITTER = 0.25


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """How often an asset is attempted, the first time included, and the seconds before the second attempt."""

    attempts: int
    delay: float

    def wait_after(self, failed_attempts: int, draw: float) -> float | None:
        """Return the seconds to wait after so many failed attempts, or None where there is no further one.

        Waits double, up to ``LONGEST_WAIT_SECONDS`` (or ``delay``, if that is longer), before the jitter.

        Args:
            failed_attempts: How many have failed so far, at least 1.
            draw: A random number in [0, 1).
        """
        if failed_attempts >= self.attempts:
            return None
        wait = min(self.delay * 2.0 ** (failed_attempts - 1), max(self.delay, LONGEST_WAIT_SECONDS))
        return wait * (1 - JITTER + 2 * JITTER * draw)


def wait_for_retry(failure: dg.Failure, schedule: RetrySchedule, *, earlier_attempts: int, log: logging.Logger) -> None:
    """Wait until the asset shall be attempted again and ask Dagster for it; return where all attempts are used up.

    Call it where Dagster raises interruptions: inside an asset's body, or an IO manager's methods.

    Args:
        failure: What the attempt failed with.
        schedule: How often and when.
        earlier_attempts: Attempts of the same run before this one.
        log: Where people read about it.

    Raises:
        dagster.RetryRequested: the wait is over.
    """
    failed = earlier_attempts + 1
    wait = schedule.wait_after(failed, random.random())  # noqa: S311 - spreads waits, nothing is secret
    if wait is None:
        return
    log.warning("Attempt %d of %d failed: %s Next in %.1f s.", failed, schedule.attempts, failure.description, wait)
    time.sleep(wait)
    raise dg.RetryRequested(max_retries=schedule.attempts - 1) from failure
