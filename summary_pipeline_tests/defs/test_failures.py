import logging
import signal
import threading
import time
from dataclasses import dataclass

import dagster as dg
import pytest
from dagster._core.errors import raise_execution_interrupts

from summary_pipeline.database.errors import PermanentDatabaseError, TransientDatabaseError
from summary_pipeline.defs.failures import MixedSourcesError, clear_failures
from summary_pipeline.resources.object_store import ObjectForbiddenError, ObjectMissingError, ObjectStoreError
from summary_pipeline.resources.retrying import RetrySchedule
from summary_pipeline.summarization.errors import RefusedError
from summary_pipeline.summarization.language_model import PermanentModelError, TransientModelError

AT_ONCE = RetrySchedule(attempts=3, delay=0)
TRANSIENT = [
    ObjectStoreError("S3 is slow"),
    TransientDatabaseError("no connection"),
    TransientModelError("the provider is down"),
]


LOG = logging.getLogger(__name__)


@dataclass
class Attempt:
    """What an asset's context says of its attempt."""

    retry_number: int = 0
    log: logging.Logger = LOG


LAST = Attempt(retry_number=AT_ONCE.attempts - 1)


def failure_of(error: Exception, attempt: Attempt | None = None) -> dg.Failure:
    with pytest.raises(dg.Failure) as caught, clear_failures(attempt or Attempt(), AT_ONCE):
        raise error
    return caught.value


@pytest.mark.parametrize("error", TRANSIENT)
def test_trouble_with_a_store_or_the_provider_asks_for_another_attempt(error: Exception) -> None:
    with pytest.raises(dg.RetryRequested) as caught, clear_failures(Attempt(), AT_ONCE):
        raise error
    assert caught.value.max_retries == 2
    assert isinstance(caught.value.__cause__, dg.Failure)
    assert caught.value.__cause__.description == str(error)


@pytest.mark.parametrize("error", TRANSIENT)
def test_trouble_that_outlasts_all_attempts_is_told_in_its_own_words(error: Exception) -> None:
    failure = failure_of(error, LAST)
    assert failure.description == str(error)
    assert failure.metadata["attempts"].value == 3


@pytest.mark.parametrize(
    "error",
    [
        ObjectMissingError("no such object"),
        ObjectForbiddenError("wrong key"),
        PermanentDatabaseError("no such column"),
        RefusedError("the model declined"),
        PermanentModelError("no such model"),
        MixedSourcesError("two transcripts"),
    ],
)
def test_what_would_fail_again_stops_at_once_and_says_why(error: Exception) -> None:
    failure = failure_of(error)
    assert not failure.allow_retries
    assert failure.description == str(error)


def test_an_unexpected_error_stops_at_once_without_repeating_what_it_held() -> None:
    failure = failure_of(KeyError("words of a transcript"))
    assert not failure.allow_retries
    assert failure.description == "Unexpected KeyError in this pipeline. The run's page has the details."


def test_a_failure_that_is_clear_already_passes_through() -> None:
    original = dg.Failure("as it is", allow_retries=False)
    assert failure_of(original) is original


def test_the_cause_is_kept_for_the_runs_page() -> None:
    cause = ObjectStoreError("S3 is slow")
    assert failure_of(cause, LAST).__cause__ is cause


def test_an_interruption_is_no_failure_and_asks_for_nothing() -> None:
    with pytest.raises(dg.DagsterExecutionInterruptedError), clear_failures(Attempt(), AT_ONCE):
        raise dg.DagsterExecutionInterruptedError


def test_an_interruption_ends_the_wait_for_the_next_attempt() -> None:
    main_thread = threading.main_thread().ident
    assert main_thread is not None
    started = time.monotonic()
    # Signals reach the wait however early they come: it is entered under the same handler.
    interruption = threading.Timer(0.2, signal.pthread_kill, (main_thread, signal.SIGINT))
    interruption.start()
    with (
        pytest.raises(dg.DagsterExecutionInterruptedError),
        raise_execution_interrupts(),
        clear_failures(Attempt(), RetrySchedule(attempts=3, delay=60)),
    ):
        raise ObjectStoreError("S3 is slow")
    interruption.join()
    assert time.monotonic() - started < 10
