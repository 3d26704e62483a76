"""The statistics of reports and comparisons: plain numbers in, plain numbers out.

Belongs here: estimates and their 95 % confidence intervals, with the method's source. Does not belong here: which
numbers are compared.

Intervals, by what is estimated:

- a mean: Student's t (``mean_estimate``);
- a difference of means of two sets of videos: Welch's t, which assumes no equal variances (``difference_of_means``);
- a difference of shares: Newcombe 1998, "Interval estimation for the difference between independent proportions",
  method 10, from Wilson's intervals (``difference_of_shares``);
- a mean difference on the same videos: bootstrap, BCa (Efron 1987), percentile where that is undefined
  (``paired_difference``).
"""

import math
import warnings
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy import stats

CONFIDENCE: Final = 0.95
RESAMPLES: Final = 4999
_BATCH_CELLS: Final = 2_000_000
"""Numbers that one batch of resamples may hold, so that memory stays flat however many videos there are."""
_SEED: Final = 20260101
"""The same rows give the same interval."""


class Estimate(BaseModel):
    """A number with its 95 % confidence interval. ``low`` and ``high`` are None where there is too little to tell."""

    model_config = ConfigDict(frozen=True)

    value: float
    low: float | None
    high: float | None

    @property
    def excludes_zero(self) -> bool:
        """Tell whether the interval is there and lies on one side of zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` of ``values`` (at least one) lie, interpolated between neighbours."""
    return float(np.quantile(np.asarray(values, dtype=float), share))


def mean_estimate(mean: float, stddev: float | None, count: int) -> Estimate:
    """Return a mean of ``count`` scores with its interval, cut to 0 to 1, where scores lie."""
    if count < 2 or stddev is None:
        return Estimate(value=mean, low=None, high=None)
    margin = _t_quantile(count - 1) * stddev / math.sqrt(count)
    return Estimate(value=mean, low=max(0.0, mean - margin), high=min(1.0, mean + margin))


def mean_of(values: Sequence[float]) -> Estimate | None:
    """Return the mean of scores with its interval, None for none."""
    if not values:
        return None
    array = np.asarray(values, dtype=float)
    stddev = float(array.std(ddof=1)) if len(array) > 1 else None
    return mean_estimate(float(array.mean()), stddev, len(array))


def difference_of_means(before: Sequence[float], after: Sequence[float]) -> Estimate | None:
    """Return ``mean(after) - mean(before)`` with Welch's interval, None where one side is empty."""
    if not before or not after:
        return None
    first, second = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    value = float(second.mean() - first.mean())
    if len(first) < 2 or len(second) < 2:
        return Estimate(value=value, low=None, high=None)
    parts = first.var(ddof=1) / len(first), second.var(ddof=1) / len(second)
    total = float(sum(parts))
    if total == 0:
        return Estimate(value=value, low=value, high=value)
    # Welch and Satterthwaite's degrees of freedom, of shares: the square of a tiny variance would be zero.
    shares = float(parts[0]) / total, float(parts[1]) / total
    freedom = 1 / (shares[0] ** 2 / (len(first) - 1) + shares[1] ** 2 / (len(second) - 1))
    margin = _t_quantile(freedom) * math.sqrt(total)
    return Estimate(value=value, low=value - margin, high=value + margin)


def difference_of_shares(before: tuple[int, int], after: tuple[int, int]) -> Estimate | None:
    """Return the second share minus the first with Newcombe's interval; None for a share of nothing.

    Each share is a count and a total.
    """
    if before[1] == 0 or after[1] == 0:
        return None
    first, second = before[0] / before[1], after[0] / after[1]
    (first_low, first_high), (second_low, second_high) = _wilson(*before), _wilson(*after)
    value = second - first
    below = math.hypot(second - second_low, first_high - first)
    above = math.hypot(second_high - second, first - first_low)
    return Estimate(value=value, low=value - below, high=value + above)


def paired_difference(differences: Sequence[float]) -> Estimate | None:
    """Return the mean of differences on the same videos with its bootstrap interval, None for none."""
    if not differences:
        return None
    array = np.asarray(differences, dtype=float)
    value = float(array.mean())
    if len(array) < 2:
        return Estimate(value=value, low=None, high=None)
    if np.ptp(array) == 0:
        return Estimate(value=value, low=value, high=value)
    low, high = _bootstrap(array, "BCa")
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high = _bootstrap(array, "percentile")
    return Estimate(value=value, low=low, high=high)


def signed_rank_p(differences: Sequence[float]) -> float | None:
    """Return the two-sided p of Wilcoxon's signed-rank test (Pratt's zeros), None where all differences are zero."""
    array = np.asarray(differences, dtype=float)
    if not array.any():
        return None
    return float(stats.wilcoxon(array, zero_method="pratt").pvalue)


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return Spearman's rho, None for fewer than three pairs or where one side is constant."""
    if len(first) < 3 or len(set(first)) < 2 or len(set(second)) < 2:
        return None
    return float(stats.spearmanr(first, second).statistic)


def _wilson(count: int, total: int) -> tuple[float, float]:
    interval = stats.binomtest(count, total).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def _t_quantile(freedom: float) -> float:
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom))


def _bootstrap(
    array: "np.ndarray[tuple[int], np.dtype[np.float64]]", method: Literal["BCa", "percentile"]
) -> tuple[float, float]:
    with warnings.catch_warnings():
        # What cannot be computed comes back as NaN, which the caller looks for.
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        result = stats.bootstrap(
            [array],
            np.mean,
            n_resamples=RESAMPLES,
            batch=max(1, _BATCH_CELLS // len(array)),
            confidence_level=CONFIDENCE,
            method=method,
            rng=np.random.default_rng(_SEED),
        )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)
