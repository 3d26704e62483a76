import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.summarization.allowance import (
    FIRST_PAUSE_SECONDS,
    LONGEST_MARGIN_SECONDS,
    MARGIN_SECONDS,
    MARGIN_SHARE,
    SHORTEST_MARGIN_SECONDS,
    SHORTFALL_FACTOR,
    SPREAD_FACTOR,
    Allowance,
)

PER_SECOND = 60.0


def allowance(capacity: float, *, level: float | None = None) -> Allowance:
    """One a second."""
    return Allowance(PER_SECOND, capacity, 0.0, level=level)


def test_a_new_allowance_is_full_and_makes_nobody_wait() -> None:
    new = allowance(10)
    assert new.level(0.0) == 10
    assert new.wait(10, 0.0) == 0
    assert new.wait(1000, 0.0) == 0


def test_what_is_spent_comes_back_at_the_limits_rate() -> None:
    spent = allowance(10)
    spent.spend(8, 0.0)
    assert spent.level(3.0) == 5
    assert spent.level(100.0) == 10


def test_a_margin_is_left_where_there_is_room_for_it() -> None:
    spent = allowance(10)
    spent.spend(10, 0.0)
    assert spent.wait(2, 0.0) == pytest.approx(2 + MARGIN_SECONDS)


def test_the_margin_shrinks_with_calls_that_arrive_as_estimated_and_never_to_nothing() -> None:
    margins = []
    steady = allowance(10)
    for _ in range(20):
        margins.append(steady.margin_seconds)
        steady.arrived(0.0)
    assert margins[0] == MARGIN_SECONDS
    assert margins[1] <= 0.04
    assert margins == sorted(margins, reverse=True)
    assert margins[-1] == SHORTEST_MARGIN_SECONDS


def test_a_call_that_met_less_than_estimated_keeps_a_margin_for_the_next_ones() -> None:
    shaken = allowance(10)
    for late in (0.0, 0.0, 0.0, 0.0, -0.04, 0.0):
        shaken.arrived(late)
    assert shaken.margin_seconds == pytest.approx(0.04 * SHORTFALL_FACTOR)
    shaken.arrived(-10.0)
    assert shaken.margin_seconds == MARGIN_SECONDS


def test_arrivals_that_are_far_apart_keep_a_margin_and_many_of_them_a_shorter_one() -> None:
    shaken = allowance(10)
    for late in (0.09, 0.0):
        shaken.arrived(late)
    assert shaken.margin_seconds == pytest.approx(0.09 * SPREAD_FACTOR / 2)
    for late in (0.08, 0.01) * 4:
        shaken.arrived(late)
    assert shaken.margin_seconds == pytest.approx(0.09 * SPREAD_FACTOR / 10)


def lateness(left: float, *, missing: float = 5, follows: bool = False, is_followed: bool = False) -> float | None:
    """Return how late a call of 2 came to a bucket of 10."""
    return allowance(10).lateness(2, missing=missing, follows=follows, is_followed=is_followed, left=left)


def test_a_call_that_finds_more_than_was_reckoned_with_came_late_and_one_that_finds_less_early() -> None:
    assert lateness(3.0) == pytest.approx(0.0)
    assert lateness(3.1) == pytest.approx(0.1)
    assert lateness(2.9) == pytest.approx(-0.1)


def test_a_full_bucket_does_not_tell_whether_a_call_came_late() -> None:
    assert lateness(8.0, missing=0) is None
    assert lateness(8.0, missing=-100) is None
    assert lateness(7.5, missing=0) == pytest.approx(-0.5)


def test_calls_that_came_in_another_order_do_not_tell_whether_they_came_late() -> None:
    assert lateness(5.0, follows=True) is None
    assert lateness(5.0) == pytest.approx(2.0)
    assert lateness(1.0, is_followed=True) is None
    assert lateness(1.0) == pytest.approx(-2.0)


def test_a_complaint_makes_good_arrivals_forgotten() -> None:
    steady = allowance(10)
    for _ in range(20):
        steady.arrived(0.0)
    steady.complained_about(1.0)
    assert steady.margin_seconds == 2 * MARGIN_SECONDS


def test_what_a_complaint_added_to_the_margin_outlives_good_arrivals() -> None:
    complained = allowance(10)
    complained.complained_about(1.0)
    for _ in range(20):
        complained.arrived(0.0)
    assert complained.margin_seconds == pytest.approx(SHORTEST_MARGIN_SECONDS + MARGIN_SECONDS)
    complained.recover(1.0)
    assert complained.margin_seconds == SHORTEST_MARGIN_SECONDS


def test_calls_that_find_more_than_reckoned_with_at_a_lowered_pace_widen_no_margin() -> None:
    complained, calm = allowance(10, level=0), allowance(10, level=0)
    for slowed in (complained, calm):
        slowed.complained_about(0.5)
    for found_more in (0.1, 0.2, 0.4):
        complained.arrived(found_more)
        calm.arrived(0.0)
    assert complained.margin_seconds == calm.margin_seconds


def test_a_complaint_widens_the_margin_and_slows_the_pace_until_it_is_forgotten() -> None:
    complained = allowance(10)
    complained.spend(10, 0.0)
    complained.complained_about(0.5)
    assert complained.wait(2, 0.0) == pytest.approx((2 + 2 * MARGIN_SECONDS) / 0.5)
    for _ in range(10):
        complained.complained_about(1.0)
    assert complained.margin_seconds == LONGEST_MARGIN_SECONDS
    complained.recover(1.0)
    assert complained.wait(2, 0.0) == pytest.approx(2 + MARGIN_SECONDS)


def test_where_there_is_no_room_the_pause_grows_a_little_instead() -> None:
    spent = allowance(1, level=1)
    spent.spend(1, 0.0)
    assert spent.wait(1, 0.0) == pytest.approx(1 + MARGIN_SHARE)


def test_that_pause_is_short_until_a_call_as_large_as_the_bucket_has_shown_that_it_is_no_larger() -> None:
    unknown = allowance(1)
    unknown.spend(1, 0.0)
    assert unknown.wait(1, 0.0) == pytest.approx(1 + FIRST_PAUSE_SECONDS)
    unknown.answered(0.5)
    assert unknown.wait(1, 0.0) == pytest.approx(1 + FIRST_PAUSE_SECONDS)
    unknown.answered(1)
    assert unknown.wait(1, 0.0) == pytest.approx(1 + MARGIN_SHARE)


def test_a_call_larger_than_the_bucket_goes_out_when_it_is_full_and_is_paid_off_after() -> None:
    spent = allowance(10, level=10)
    spent.spend(30, 0.0)
    assert spent.level(0.0) == -20
    assert spent.wait(30, 0.0) == pytest.approx(30 * (1 + MARGIN_SHARE))


def test_a_refund_does_not_run_over() -> None:
    spent = allowance(10)
    spent.spend(5, 0.0)
    spent.refund(3, 0.0)
    assert spent.level(0.0) == 8
    spent.refund(30, 0.0)
    assert spent.level(0.0) == 10


def test_the_estimate_moves_into_its_bounds_and_no_further() -> None:
    estimate = allowance(10, level=5)
    estimate.bound(2, 8, 0.0)
    assert estimate.level(0.0) == 5
    estimate.bound(6, 8, 0.0)
    assert estimate.level(0.0) == 6
    estimate.bound(1, 2, 0.0)
    assert estimate.level(0.0) == 2


def test_a_bucket_that_proves_larger_was_larger_all_along() -> None:
    spent = allowance(10)
    spent.spend(10, 0.0)
    spent.widen(60, 0.0)
    assert spent.level(0.0) == 50
    spent.widen(20, 0.0)
    assert spent.capacity == 60


@given(
    st.floats(1, 100),
    st.lists(st.tuples(st.floats(0.1, 200), st.floats(0, 5)), min_size=1, max_size=60),
)
def test_calls_that_wait_never_overdraw_a_bucket_that_is_as_large(
    capacity: float, calls: list[tuple[float, float]]
) -> None:
    waiting = allowance(capacity)
    now, level, updated = 0.0, capacity, 0.0
    for amount, pause in calls:
        now += pause + waiting.wait(amount, now + pause)
        waiting.spend(amount, now)
        level, updated = min(capacity, level + (now - updated)), now
        assert level >= min(amount, capacity) - 1e-6
        level -= amount
