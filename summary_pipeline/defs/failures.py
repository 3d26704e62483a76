"""What becomes of an error inside an asset.

Belongs here: telling transient errors from permanent ones, once, for all assets.
Does not belong here: repeating model calls (``summarization.pacing``), writing a video's status (``failure_sensor``).

Trouble with S3, PostgreSQL or the model's provider is left to the asset's retry policy, which waits longer than a call
does. Everything else would fail again, so it stops at once: bad input, refusals, and our own mistakes.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from summary_pipeline.database.errors import PermanentDatabaseError, TransientDatabaseError
from summary_pipeline.resources.object_store import (
    ObjectForbiddenError,
    ObjectMissingError,
    ObjectStoreError,
    ObjectTooLargeError,
)
from summary_pipeline.summarization.errors import SummarizationError
from summary_pipeline.summarization.language_model import PermanentModelError, TransientModelError
from summary_pipeline.summarization.parsing import UnreadableTranscriptError

_PERMANENT = (
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


@contextmanager
def clear_failures() -> Iterator[None]:
    """Turn every error into a ``dagster.Failure`` that says what happened and whether a retry can help.

    Raises:
        dagster.Failure: for every error inside.
    """
    try:
        yield
    except dg.Failure:
        raise
    except Exception as error:
        raise dg.Failure(
            describe(error),
            metadata={"error": type(error).__name__, "transient": is_transient(error)},
            allow_retries=is_transient(error),
        ) from error
