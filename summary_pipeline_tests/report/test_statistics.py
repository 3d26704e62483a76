"""Estimates against values worked out by others, and what must hold for any numbers."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from summary_pipeline.report.statistics import (
    difference_of_means,
    difference_of_shares,
    mean_of,
    paired_difference,
    rank_correlation,
    signed_rank_p,
)

SCORES = st.lists(st.floats(0, 1, allow_subnormal=False), min_size=2, max_size=40)


def test_a_share_difference_has_the_interval_of_newcombes_own_example() -> None:
    # Newcombe 1998, table II, comparison (a), method 10: 56/70 less 48/80.
    estimate = difference_of_shares((48, 80), (56, 70))
    assert estimate is not None
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_a_difference_of_means_has_welchs_interval() -> None:
    before, after = [0.61, 0.72, 0.55, 0.8], [0.7, 0.9, 0.82, 0.88, 0.79]
    estimate = difference_of_means(before, after)
    assert estimate is not None
    expected = stats.ttest_ind(after, before, equal_var=False).confidence_interval(0.95)
    assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high))


def test_the_bootstrap_of_a_normal_sample_is_near_students_interval() -> None:
    sample = np.random.default_rng(7).normal(0.03, 0.1, 200)
    estimate = paired_difference(list(sample))
    assert estimate is not None
    expected = stats.ttest_1samp(sample, 0).confidence_interval(0.95)
    assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high), abs=0.003)


@example([0.0, 0.0], [0.0, 7.680866485669873e-152])
@given(SCORES, SCORES)
def test_an_interval_holds_its_estimate_and_turns_round_with_the_sides(before: list[float], after: list[float]) -> None:
    there, back = difference_of_means(before, after), difference_of_means(after, before)
    assert there is not None
    assert back is not None
    assert there.low is not None
    assert there.high is not None
    assert there.low <= there.value <= there.high
    assert (-there.value, -there.high) == pytest.approx((back.value, back.low))


@given(st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=2, max_size=25))
def test_a_paired_interval_is_finite_and_the_same_every_time(differences: list[float]) -> None:
    first, second = paired_difference(differences), paired_difference(differences)
    assert first == second
    assert first is not None
    assert all(math.isfinite(bound) for bound in (first.low, first.high) if bound is not None)
    assert first.low is not None


@given(st.tuples(st.integers(0, 30), st.integers(1, 30)), st.tuples(st.integers(0, 30), st.integers(1, 30)))
def test_an_interval_of_shares_stays_within_one(before: tuple[int, int], after: tuple[int, int]) -> None:
    estimate = difference_of_shares((min(before), before[1]), (min(after), after[1]))
    assert estimate is not None
    assert estimate.low is not None
    assert estimate.high is not None
    assert -1 - 1e-9 <= estimate.low <= estimate.value + 1e-9
    assert estimate.value - 1e-9 <= estimate.high <= 1 + 1e-9


@pytest.mark.parametrize("one", [[0.7], [0.0]])
def test_one_number_has_no_interval(one: list[float]) -> None:
    for estimate in (mean_of(one), paired_difference(one), difference_of_means(one, [0.1, 0.2])):
        assert estimate is not None
        assert (estimate.low, estimate.high, estimate.excludes_zero) == (None, None, False)


def test_nothing_has_no_estimate() -> None:
    assert mean_of([]) is None
    assert paired_difference([]) is None
    assert difference_of_means([], [0.5]) is None
    assert difference_of_shares((0, 0), (1, 2)) is None


def test_equal_numbers_are_no_trouble() -> None:
    paired = paired_difference([0.25] * 5)
    assert paired is not None
    assert (paired.value, paired.low, paired.high) == (0.25, 0.25, 0.25)
    assert signed_rank_p([0.0, 0.0]) is None
    assert rank_correlation([0.5, 0.5, 0.5], [0.1, 0.2, 0.3]) is None
    assert rank_correlation([0.1, 0.2], [0.1, 0.2]) is None


def test_a_clear_shift_is_told_from_chance() -> None:
    shifted = [0.1, 0.12, 0.08, 0.2, 0.15, 0.09, 0.11, 0.13]
    p = signed_rank_p(shifted)
    assert p is not None
    assert p < 0.01
    estimate = paired_difference(shifted)
    assert estimate is not None
    assert estimate.excludes_zero
