"""When an asset is attempted again."""

import logging
import math

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.resources.retrying import JITTER, LONGEST_WAIT_SECONDS, RetrySchedule, wait_for_retry

DRAWS = st.floats(0, 1, exclude_max=True)
MIDDLE = 0.5
"""The draw at which jitter changes nothing."""


def test_by_default_the_second_attempt_comes_after_a_minute_and_the_third_after_two() -> None:
    schedule = RetrySchedule(attempts=3, delay=60)
    assert [schedule.wait_after(failed, MIDDLE) for failed in (1, 2, 3)] == [60, 120, None]


@given(attempts=st.integers(1, 10), delay=st.floats(0, 1000), failed=st.integers(1, 20), draw=DRAWS)
def test_there_are_never_more_attempts_than_set(attempts: int, delay: float, failed: int, draw: float) -> None:
    wait = RetrySchedule(attempts, delay).wait_after(failed, draw)
    assert (wait is None) == (failed >= attempts)


@given(delay=st.floats(0.1, 1000), failed=st.integers(1, 9), draw=DRAWS)
def test_jitter_shortens_or_lengthens_a_wait_by_a_quarter_at_most(delay: float, failed: int, draw: float) -> None:
    schedule = RetrySchedule(attempts=10, delay=delay)
    wait, middle = schedule.wait_after(failed, draw), schedule.wait_after(failed, MIDDLE)
    assert wait is not None
    assert middle is not None
    assert middle * (1 - JITTER) - 1e-9 <= wait <= middle * (1 + JITTER) + 1e-9


@given(delay=st.floats(0, LONGEST_WAIT_SECONDS), attempts=st.integers(2, 10))
def test_waits_grow_to_a_bound(delay: float, attempts: int) -> None:
    schedule = RetrySchedule(attempts, delay)
    waits = [schedule.wait_after(failed, MIDDLE) or 0 for failed in range(1, attempts)]
    assert waits == sorted(waits)
    assert math.isclose(waits[0], delay)
    assert waits[-1] <= LONGEST_WAIT_SECONDS


def test_a_delay_beyond_the_bound_is_taken_as_it_is() -> None:
    schedule = RetrySchedule(attempts=3, delay=2 * LONGEST_WAIT_SECONDS)
    assert schedule.wait_after(2, MIDDLE) == 2 * LONGEST_WAIT_SECONDS


LOG = logging.getLogger(__name__)


def test_another_attempt_is_asked_for_in_the_name_of_the_failure() -> None:
    failure = dg.Failure("S3 is slow.")
    with pytest.raises(dg.RetryRequested) as raised:
        wait_for_retry(failure, RetrySchedule(attempts=3, delay=0), earlier_attempts=1, log=LOG)
    assert raised.value.__cause__ is failure
    assert raised.value.max_retries == 2


def test_after_the_last_attempt_nothing_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        wait_for_retry(dg.Failure("S3 is slow."), RetrySchedule(3, delay=60), earlier_attempts=2, log=LOG)
    assert caplog.records == []


def test_the_log_says_which_attempt_failed_why_and_when_the_next_one_comes(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(dg.RetryRequested), caplog.at_level(logging.WARNING):
        wait_for_retry(dg.Failure("S3 is slow."), RetrySchedule(3, delay=0), earlier_attempts=0, log=LOG)
    assert "Attempt 1 of 3 failed: S3 is slow. Next in 0.0 s." in caplog.text
