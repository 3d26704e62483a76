import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.summarization.language_model import (
    PermanentModelError,
    RateLimitedError,
    TransientModelError,
)
from summary_pipeline.summarization.retries import RetryPolicy, is_transient

POLICY = RetryPolicy(max_attempts=6, first_pause_seconds=1, longest_pause_seconds=5, longest_retry_after_seconds=600)


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (TransientModelError("503", status=503), True),
        (RateLimitedError("429"), True),
        (PermanentModelError("401", status=401), False),
        (ValueError("a bug"), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_only_errors_that_may_pass_are_transient(error: BaseException, transient: bool) -> None:  # noqa: FBT001 - a parameter
    assert is_transient(error) is transient


def test_pauses_double_up_to_the_longest_with_full_jitter() -> None:
    error = TransientModelError("503")
    assert [POLICY.pause(error, attempt, 1.0) for attempt in range(1, 6)] == [1, 2, 4, 5, 5]
    assert POLICY.pause(error, 3, 0.0) == 0
    assert POLICY.pause(error, 3, 0.25) == 1


def test_a_permanent_error_is_not_repeated() -> None:
    assert POLICY.pause(PermanentModelError("401"), 1, 0.5) is None


def test_attempts_are_bounded() -> None:
    assert POLICY.pause(TransientModelError("503"), 6, 0.5) is None
    assert RetryPolicy(max_attempts=1).pause(RateLimitedError("429"), 1, 0.5) is None


@pytest.mark.parametrize("seconds", [0.02, 3.0, 121.0, 600.0])
def test_retry_after_is_waited_for_also_beyond_two_minutes(seconds: float) -> None:
    error = RateLimitedError("429", retry_after_seconds=seconds)
    assert POLICY.pause(error, 1, 0.0) == seconds


def test_a_retry_after_beyond_the_cap_makes_the_error_final() -> None:
    assert POLICY.pause(TransientModelError("503", retry_after_seconds=601), 1, 0.5) is None


@given(st.integers(1, 5), st.floats(0, 0.999), st.one_of(st.none(), st.floats(0, 600)))
def test_a_pause_is_never_shorter_than_asked_for_nor_much_longer(
    attempt: int, draw: float, retry_after: float | None
) -> None:
    pause = POLICY.pause(TransientModelError("503", retry_after_seconds=retry_after), attempt, draw)
    assert pause is not None
    assert (retry_after or 0) <= pause <= (5 if retry_after is None else retry_after + 1)
