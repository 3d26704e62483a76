"""What runs after runs mean to us: which one a retry stands for, whether a retry will come.

Belongs here: Dagster's tags about retries, read as values. Does not belong here: an asset's attempts inside one run
(``resources.retrying``), what is told of a failure (``failure_sensor``).
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import dagster as dg
from dagster._core.execution.backfill import BULK_ACTION_TERMINAL_STATUSES

WILL_RETRY: Final = "dagster/will_retry"
RETRIED_BY: Final = "dagster/auto_retry_run_id"
BACKFILL: Final = "dagster/backfill"
#: How long after a failure its retry may take to be there. Dagster's daemon looks for failures every few seconds and
#: makes a retry within one more, or a minute where the code server is starting. Beyond that none is coming.
RETRY_PATIENCE_SECONDS: Final = 600.0


def first_run_id(run: dg.DagsterRun, run_by_id: Callable[[str], dg.DagsterRun | None]) -> str:
    """Return the run that was asked for: ``run`` itself, or the one that it is an automatic retry of.

    The parent tells: before a retry is submitted, Dagster writes its id there. A retry's own tags don't.
    ``dagster/retry_number`` is copied to a run that a person starts from a retry's page with selected assets, and
    ``dagster/root_run_id`` is the first of a chain in which people may have started some.
    """
    parent_id = run.parent_run_id
    parent = run_by_id(parent_id) if parent_id else None
    if parent is None or parent.tags.get(RETRIED_BY) != run.run_id:
        return run.run_id
    return first_run_id(parent, run_by_id)


class Following(StrEnum):
    """What comes after a failed run."""

    RETRY = "retry"
    NOTHING = "nothing"
    UNDECIDED = "undecided"


def what_follows(run: dg.DagsterRun, instance: dg.DagsterInstance, *, seconds_since_failure: float) -> Following:
    """Tell whether an automatic retry takes a failed run's place.

    Dagster tags a run after it has logged the failure, and makes the retry later still: until then it is undecided.
    Where the retry can't be made, Dagster takes back what it said, and logs no other failure. Where the run's backfill
    is over or gone, it makes none and leaves the tag as it is.
    """
    will_retry = run.tags.get(WILL_RETRY)
    late = seconds_since_failure >= RETRY_PATIENCE_SECONDS
    if will_retry is None:
        return Following.UNDECIDED if instance.run_retries_enabled and not late else Following.NOTHING
    if will_retry != "true":
        return Following.NOTHING
    retry = instance.get_run_by_id(run.tags.get(RETRIED_BY, ""))
    if retry is not None and retry.status is not dg.DagsterRunStatus.NOT_STARTED:
        return Following.RETRY
    if late or (retry is None and _is_backfill_over(run.tags.get(BACKFILL), instance)):
        return Following.NOTHING
    return Following.UNDECIDED


def _is_backfill_over(backfill_id: str | None, instance: dg.DagsterInstance) -> bool:
    """Tell whether the run belongs to a backfill for which Dagster makes no retries any more."""
    if backfill_id is None:
        return False
    backfill = instance.get_backfill(backfill_id)
    return backfill is None or backfill.status in BULK_ACTION_TERMINAL_STATUSES
