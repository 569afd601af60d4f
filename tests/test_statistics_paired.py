"""Paired t, one arm's mean and the rule for losses that do not vary."""

import numpy as np
import pytest
from scipy import stats

from harness.statistics.paired import paired_t
from harness.statistics.summary import mean_interval, median

ARM, BASELINE = [1.30, 1.10, 1.40, 1.20, 1.50], [1.20, 1.05, 1.25, 1.18, 1.32]


def test_paired_t_equals_a_hand_computed_example():
    # differences .1 .05 .15 .02 .18: mean .1, sum of squares .0178, sd sqrt(.00445), t(4) at 97.5 % = 2.776445
    estimate = paired_t(ARM, BASELINE)
    assert estimate.mean == pytest.approx(0.1)
    assert estimate.sd == pytest.approx(0.00445**0.5)
    half = 2.7764451 * (0.00445 / 5) ** 0.5
    assert estimate.ci == pytest.approx((0.1 - half, 0.1 + half), abs=1e-8)


@pytest.mark.parametrize("n", [2, 3, 5, 12])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_paired_t_equals_scipys(n, confidence):
    arm, baseline = np.random.default_rng(n).normal(3, 1, (2, n))
    expected = stats.ttest_rel(arm, baseline)
    estimate = paired_t(arm, baseline, confidence)
    assert estimate.p == pytest.approx(expected.pvalue)
    assert estimate.ci == pytest.approx(tuple(expected.confidence_interval(confidence)))


def test_swapping_the_arms_mirrors_the_estimate():
    one, other = paired_t(ARM, BASELINE), paired_t(BASELINE, ARM)
    assert (other.mean, other.p) == (-one.mean, one.p)
    assert other.ci == (-one.ci[1], -one.ci[0])


def test_identical_losses_differ_by_exactly_nothing():
    estimate = paired_t(ARM, np.asarray(ARM) + 1e-16)
    assert (estimate.mean, estimate.ci, estimate.p) == (0.0, (0.0, 0.0), 1.0)


def test_a_difference_that_never_varies_has_no_interval():
    estimate = paired_t(np.asarray(BASELINE) + 0.03, BASELINE)
    assert (estimate.sd, estimate.ci, estimate.p) == (0.0, None, None)
    assert estimate.mean == pytest.approx(0.03)


def test_one_seed_has_a_difference_and_no_interval():
    estimate = paired_t([1.2], [1.0])
    assert (estimate.n, estimate.ci, estimate.p) == (1, None, None)


def test_a_loss_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="diverged run has a rank"):
        paired_t([1.0, np.inf], [1.0, 1.0])


def test_pairs_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="two lists of one length"):
        paired_t([1.0, 2.0], [1.0])


def test_the_mean_of_an_arm_has_the_students_interval():
    expected = stats.ttest_1samp(ARM, 0).confidence_interval(0.95)
    assert mean_interval(ARM).ci == pytest.approx(tuple(expected))


def test_an_arm_of_equal_losses_has_a_point_as_interval():
    assert mean_interval([1.5] * 5).ci == (1.5, 1.5)


def test_the_median_counts_a_diverged_run_as_the_worst():
    inf = float("inf")
    assert median([1.0, inf, 3.0]) == 3.0
    assert median([1.0, 2.0, 3.0, inf]) == 2.5
    assert median([1.0, inf]) is None
    assert median([]) is None
