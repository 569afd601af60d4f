"""Exact rank tests against brute force over every arrangement and against scipy."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.ranks import rank_sum, rank_test, sign_flip

INF = float("inf")
losses = st.sampled_from([1.0, 1.1, 1.2, 1.3, INF])


def brute_rank_sum(arm, baseline):
    ranks = stats.rankdata([*arm, *baseline])
    centre = ranks.mean() * len(arm)
    sums = [sum(ranks[list(chosen)]) - centre for chosen in combinations(range(len(ranks)), len(arm))]
    observed = sum(ranks[: len(arm)]) - centre
    return np.mean(np.abs(sums) >= abs(observed) - 1e-9)


def brute_sign_flip(arm, baseline):
    differences = np.array([0.0 if a == b else a - b for a, b in zip(arm, baseline, strict=True)])
    scores = np.where(differences == 0, 0, stats.rankdata(np.abs(differences)))
    sums = [abs(np.dot(scores, signs)) for signs in product([1, -1], repeat=len(arm))]
    return np.mean(np.asarray(sums) >= abs(np.dot(scores, np.sign(differences))) - 1e-9)


@settings(max_examples=60)
@given(st.integers(1, 5).flatmap(lambda n: st.tuples(*[st.lists(losses, min_size=n, max_size=n)] * 2)))
def test_the_exact_tests_count_every_arrangement(pair):
    arm, baseline = pair
    assert rank_sum(arm, baseline).p == pytest.approx(brute_rank_sum(arm, baseline))
    assert sign_flip(arm, baseline).p == pytest.approx(brute_sign_flip(arm, baseline))


def test_without_ties_the_tests_are_scipys():
    arm, baseline = np.random.default_rng(5).normal(0, 1, (2, 9))
    assert rank_sum(arm, baseline).p == pytest.approx(stats.mannwhitneyu(arm, baseline, method="exact").pvalue)
    assert sign_flip(arm, baseline).p == pytest.approx(stats.wilcoxon(arm, baseline, method="exact").pvalue)


def test_five_diverged_runs_against_five_finished_ones_is_two_arrangements_of_252():
    test = rank_sum([INF] * 5, [1.0, 1.1, 1.2, 1.3, 1.4])
    assert (test.p, test.direction) == (pytest.approx(2 / 252), 1)


def test_arms_that_both_diverged_everywhere_do_not_differ():
    for test in (rank_sum, sign_flip):
        assert (test([INF] * 5, [INF] * 5).p, test([INF] * 5, [INF] * 5).direction) == (1.0, 0)


def test_the_paired_test_is_taken_where_it_can_reach_alpha():
    assert rank_test([1.0] * 5, [2.0] * 5, alpha=0.05).name == "exact rank-sum test"
    assert rank_test([1.0] * 6, [2.0] * 6, alpha=0.05).name == "exact sign-flip test"
    assert rank_test([1.0] * 6, [2.0] * 6, alpha=0.01).name == "exact rank-sum test"


@given(st.integers(1, 8).flatmap(lambda n: st.tuples(*[st.lists(losses, min_size=n, max_size=n)] * 2)))
def test_swapping_the_arms_mirrors_the_test(pair):
    for test in (rank_sum, sign_flip):
        one, other = test(*pair), test(*reversed(pair))
        assert one.p == pytest.approx(other.p)
        assert one.direction == -other.direction


def test_many_seeds_stay_exact():
    arm, baseline = np.random.default_rng(0).normal(0, 1, (2, 40))
    exact, normal = rank_sum(arm, baseline).p, stats.mannwhitneyu(arm, baseline, method="asymptotic").pvalue
    assert exact == pytest.approx(normal, abs=0.01)
