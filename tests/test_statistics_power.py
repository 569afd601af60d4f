"""Power of the paired t against published sample sizes and against simulation."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from harness.statistics.power import CAP, detectable_effect, minimum_detectable, power, seeds_needed


@pytest.mark.parametrize(("effect", "pairs"), [(0.5, 34), (0.8, 15), (1.0, 10)])
def test_seeds_needed_equals_published_sample_sizes(effect, pairs):
    # G*Power 3: difference between two dependent means, two tails, alpha .05, power .8
    assert seeds_needed(effect, 1.0, 0.05) == pairs


@pytest.mark.parametrize("effect", [0.6, 1.2])
@pytest.mark.parametrize(("n", "alpha"), [(3, 0.05), (5, 0.05 / 6), (20, 0.01)])
def test_power_is_that_of_statsmodels_less_claims_in_the_wrong_direction(effect, n, alpha):
    two_sided = TTestPower().power(effect, n, alpha)
    assert two_sided - alpha / 2 < power(effect, n, alpha) <= two_sided + 1e-12


@pytest.mark.parametrize(("n", "alpha"), [(5, 0.05), (5, 0.05 / 6), (10, 0.05 / 3)])
def test_a_detectable_difference_is_claimed_four_times_in_five(n, alpha):
    effect = detectable_effect(n, alpha)
    draws = np.random.default_rng(1).normal(effect, 1, (20_000, n))
    claimed = stats.ttest_1samp(draws, 0, axis=1)
    share = np.mean((claimed.pvalue <= alpha) & (claimed.statistic > 0))
    assert share == pytest.approx(0.8, abs=0.012)  # 4 standard errors


def test_the_detectable_difference_scales_with_the_spread_and_shrinks_with_seeds():
    assert minimum_detectable(0.02, 5, 0.05) == pytest.approx(2 * minimum_detectable(0.01, 5, 0.05))
    sizes = [minimum_detectable(1.0, n, 0.05) for n in range(2, 30)]
    assert sizes == sorted(sizes, reverse=True)


def test_the_seeds_needed_are_the_fewest_that_reach_the_power():
    n = seeds_needed(0.6, 1.0, 0.01)
    assert power(0.6, n, 0.01) >= 0.8 > power(0.6, n - 1, 0.01)


def test_a_claim_needs_at_least_the_seeds_that_a_claim_needs():
    assert seeds_needed(100.0, 1.0, 0.05, at_least=5) == 5


@pytest.mark.parametrize(("difference", "sd"), [(0.0, 1.0), (1.0, 0.0), (0.01, 1.0)])
def test_there_is_no_number_of_seeds_for_no_difference_no_spread_or_more_than_the_cap(difference, sd):
    assert seeds_needed(difference, sd, 0.05) is None
    assert CAP == 100


def test_without_spread_or_with_one_seed_nothing_is_detectable():
    assert minimum_detectable(0.0, 5, 0.05) is None
    assert minimum_detectable(1.0, 1, 0.05) is None
