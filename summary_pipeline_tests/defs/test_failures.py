import dagster as dg
import pytest

from summary_pipeline.database.errors import PermanentDatabaseError, TransientDatabaseError
from summary_pipeline.defs.failures import clear_failures
from summary_pipeline.resources.object_store import ObjectForbiddenError, ObjectMissingError, ObjectStoreError
from summary_pipeline.summarization.errors import RefusedError
from summary_pipeline.summarization.language_model import PermanentModelError, TransientModelError


def failure_of(error: Exception) -> dg.Failure:
    with pytest.raises(dg.Failure) as caught, clear_failures():
        raise error
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        ObjectStoreError("S3 is slow"),
        TransientDatabaseError("no connection"),
        TransientModelError("the provider is down"),
    ],
)
def test_trouble_with_a_store_is_left_to_the_assets_retries(error: Exception) -> None:
    failure = failure_of(error)
    assert failure.allow_retries
    assert failure.description == str(error)


@pytest.mark.parametrize(
    "error",
    [
        ObjectMissingError("no such object"),
        ObjectForbiddenError("wrong key"),
        PermanentDatabaseError("no such column"),
        RefusedError("the model declined"),
        PermanentModelError("no such model"),
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
    assert failure_of(cause).__cause__ is cause
