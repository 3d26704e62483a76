"""What becomes of an error inside an asset.

Belongs here: telling transient errors from permanent ones, once, for all assets.
Does not belong here: when an asset is attempted again (``resources.retrying``), repeating model calls
(``summarization.pacing``), writing a video's status (``failure_sensor``).

Trouble with S3, PostgreSQL or the model's provider is met with another attempt at the asset, which comes later than one
at a call. Everything else would fail again, so it stops at once: bad input, refusals, and our own mistakes.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import dagster as dg

from summary_pipeline.database.errors import PermanentDatabaseError, TransientDatabaseError
from summary_pipeline.resources.object_store import (
    ObjectForbiddenError,
    ObjectMissingError,
    ObjectStoreError,
    ObjectTooLargeError,
)
from summary_pipeline.resources.retrying import RetrySchedule, wait_for_retry
from summary_pipeline.summarization.errors import SummarizationError
from summary_pipeline.summarization.language_model import PermanentModelError, TransientModelError
from summary_pipeline.summarization.parsing import UnreadableTranscriptError


class MixedSourcesError(Exception):
    """The stored assets of a video come from different transcripts."""


_PERMANENT = (
    MixedSourcesError,
    UnreadableTranscriptError,
    ObjectForbiddenError,
    ObjectMissingError,
    ObjectTooLargeError,
    PermanentDatabaseError,
    SummarizationError,
    PermanentModelError,
)
_TRANSIENT = (ObjectStoreError, TransientDatabaseError, TransientModelError)


def is_transient(error: Exception) -> bool:
    """Tell whether the asset may succeed when it is tried again a minute later."""
    return isinstance(error, _TRANSIENT) and not isinstance(error, _PERMANENT)


def describe(error: Exception) -> str:
    """Return what a person is told. Errors of unknown types may hold anything, so only their type is named."""
    if isinstance(error, (*_PERMANENT, *_TRANSIENT)):
        return str(error)
    return f"Unexpected {type(error).__name__} in this pipeline. The run's page has the details."


class Attempt(Protocol):
    """What is asked of ``dagster.AssetExecutionContext``."""

    @property
    def retry_number(self) -> int:
        """Attempts at the asset before this one, in the same run."""

    @property
    def log(self) -> logging.Logger:
        """The run's log."""


@contextmanager
def clear_failures(attempt: Attempt, retries: RetrySchedule) -> Iterator[None]:
    """Turn every error into a ``dagster.Failure`` that says what happened, or into another attempt where that can help.

    Interruptions are no errors: they pass, and end the wait for the next attempt.

    Raises:
        dagster.RetryRequested: the error is transient, attempts are left, and the wait for the next one is over.
        dagster.Failure: for every other error inside.
    """
    try:
        yield
    except dg.Failure:
        raise
    except Exception as error:  # the boundary at which errors of any kind become messages for people
        transient = is_transient(error)
        failure = dg.Failure(
            describe(error),
            metadata={"error": type(error).__name__, "transient": transient, "attempts": attempt.retry_number + 1},
            allow_retries=False,
        )
        failure.__cause__ = error
        if transient:
            wait_for_retry(failure, retries, earlier_attempts=attempt.retry_number, log=attempt.log)
        raise failure from error
