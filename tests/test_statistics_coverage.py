"""Coverage and false alarms on simulated sweeps whose truth is known; tolerances are 4 standard errors of a share."""

import itertools

import numpy as np
import pytest

from harness.statistics.blocks import block_differences
from harness.statistics.equivalence import equivalence_p
from harness.statistics.holm import holm
from harness.statistics.paired import paired_t
from harness.statistics.power import minimum_detectable
from harness.statistics.ranks import rank_sum, rank_test
from harness.statistics.tiers import tiers

SWEEPS, SD, ALPHA = 4_000, 0.02, 0.05


def simulated(n_arms, n_seeds, correlation=0.5, means=0.0, sweeps=SWEEPS):
    """Losses (sweep, arm, seed) under compound symmetry: arms share a seed's luck with the given correlation."""
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 1, (sweeps, 1, n_seeds)) * correlation**0.5
    own = rng.normal(0, 1, (sweeps, n_arms, n_seeds)) * (1 - correlation) ** 0.5
    return 2 + np.broadcast_to(means, n_arms)[:, None] + SD * (shared + own)


def at_most(share, nominal, count):
    return share <= nominal + 4 * (nominal * (1 - nominal) / count) ** 0.5


def covers(estimate, truth):
    return estimate.ci[0] <= truth <= estimate.ci[1]


@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_the_paired_interval_covers_94_to_96_percent(n):
    sweeps = simulated(2, n, means=[0.0, 0.03])
    assert 0.94 <= np.mean([covers(paired_t(arm, base), 0.03) for base, arm in sweeps]) <= 0.96


@pytest.mark.parametrize("n", [3, 5])
def test_the_paired_interval_covers_as_much_under_unequal_covariance(n):
    rng = np.random.default_rng(4)
    arms = rng.multivariate_normal([2.0, 2.0], [[4e-4, 2e-4], [2e-4, 25e-4]], (SWEEPS, n))
    assert 0.94 <= np.mean([covers(paired_t(pair[:, 1], pair[:, 0]), 0.0) for pair in arms]) <= 0.96


@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_block_interval_covers_94_to_96_percent_and_is_narrower(n):
    means, held, widths = [0.0, 0.01, 0.02, 0.03], [], []
    for base, *arms in simulated(4, n, means=means):
        block = block_differences({"base": base} | {str(i): arm for i, arm in enumerate(arms, 1)}, "base")
        held.append([covers(block[str(i)], means[i]) for i in (1, 2, 3)])
        pair = paired_t(arms[2], base)
        widths.append((block["3"].ci[1] - block["3"].ci[0], pair.ci[1] - pair.ci[0]))
    assert all(0.94 <= share <= 0.96 for share in np.mean(held, axis=0))
    block_width, paired_width = np.median(widths, axis=0)
    assert block_width < paired_width


@pytest.mark.parametrize("n", [3, 5])
def test_the_block_interval_covers_less_for_the_noisiest_arm_and_so_it_only_screens(n, record_property):
    """The shares are printed at the end of the suite."""
    spreads = np.array([0.01, 0.01, 0.02, 0.04])
    sweeps = 2 + spreads[:, None] * np.random.default_rng(6).normal(size=(SWEEPS, 4, n))
    blocks = [block_differences({str(i): arm for i, arm in enumerate(sweep)}, "0") for sweep in sweeps]
    shares = [float(np.mean([covers(block[name], 0.0) for block in blocks])) for name in ("1", "2", "3")]
    told = ", ".join(
        f"{share:.3f} {what}" for share, what in zip(shares, ("as much", "twice", "four times"), strict=True)
    )
    record_property(f"block 95 % intervals at {n} seeds, for an arm that varies", told)
    assert shares[0] > 0.97
    assert shares[2] < 0.92


def test_holm_over_equal_arms_makes_one_false_claim_in_twenty_sweeps_at_most():
    alarms = []
    for base, *arms in simulated(6, 5):
        adjusted = holm({i: paired_t(arm, base).p for i, arm in enumerate(arms)})
        alarms.append(min(adjusted.values()) <= ALPHA)
    assert at_most(np.mean(alarms), ALPHA, SWEEPS)


def significant_pairs(arms):
    """(better, worse) for each pair that Holm over all pairs separates; names sorted by mean."""
    order = np.argsort(arms.mean(axis=1), kind="stable")
    pairs = list(itertools.combinations(order.tolist(), 2))
    adjusted = holm({pair: paired_t(arms[pair[1]], arms[pair[0]]).p for pair in pairs})
    return order.tolist(), {pair for pair in pairs if adjusted[pair] <= ALPHA}


def test_tiers_separate_equal_arms_in_one_sweep_of_twenty_at_most():
    wrong = [max(tiers(*significant_pairs(arms)).values()) > 1 for arms in simulated(4, 5)]
    assert at_most(np.mean(wrong), ALPHA, SWEEPS)


def test_tiers_put_no_arm_below_an_equal_or_worse_one_more_often_than_alpha():
    means = np.array([0.0, 0.0, 0.08, 0.08])
    wrong, separated = [], []
    for arms in simulated(4, 5, means=means):
        order, better = significant_pairs(arms)
        found = tiers(order, better)
        wrong.append(any(means[good] >= means[bad] for good, bad in better))
        separated.append(found[0] == found[1] == 1 and found[2] == found[3] == 2)
    assert at_most(np.mean(wrong), ALPHA, SWEEPS)
    assert np.mean(separated) > 0.7


def test_arms_at_the_margin_are_called_the_same_in_one_sweep_of_twenty_at_most():
    sweeps = simulated(2, 5, means=[0.0, 0.03])
    same = [equivalence_p(paired_t(arm, base), 0.03) <= ALPHA for base, arm in sweeps]
    assert at_most(np.mean(same), ALPHA, SWEEPS)


def test_a_difference_as_large_as_the_plan_sees_is_claimed_four_times_in_five():
    difference = minimum_detectable(SD * (2 * (1 - 0.5)) ** 0.5, 5, ALPHA)
    sweeps = simulated(2, 5, means=[0.0, difference])
    claimed = np.mean([paired_t(arm, base).p <= ALPHA and arm.mean() > base.mean() for base, arm in sweeps])
    assert abs(claimed - 0.8) <= 4 * (0.8 * 0.2 / SWEEPS) ** 0.5


def paired_where_it_can(arm, base):
    return rank_test(arm, base, ALPHA)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.85])
@pytest.mark.parametrize(("test", "n"), [(rank_sum, 5), (paired_where_it_can, 7)])
def test_equal_arms_that_diverge_at_random_are_separated_by_ranks_no_more_often_than_alpha(correlation, test, n):
    rng = np.random.default_rng(2)
    sweeps = simulated(2, n, correlation, sweeps=1_000)
    sweeps = np.where(rng.random(sweeps.shape) < 0.2, np.inf, sweeps)
    assert at_most(np.mean([test(arm, base).p <= ALPHA for base, arm in sweeps]), ALPHA, 1_000)
