"""Tiers where "not different" is not transitive."""

from hypothesis import given
from hypothesis import strategies as st

from harness.statistics.tiers import tiers


def test_arms_that_do_not_differ_share_the_first_tier():
    assert tiers(["a", "b", "c"], set()) == {"a": 1, "b": 1, "c": 1}


def test_a_chain_of_proven_steps_numbers_the_tiers():
    assert tiers(["a", "b", "c"], {("a", "b"), ("b", "c"), ("a", "c")}) == {"a": 1, "b": 2, "c": 3}


def test_the_arm_in_between_stays_with_the_best_as_nothing_is_shown_against_it():
    assert tiers(["a", "b", "c"], {("a", "c")}) == {"a": 1, "b": 1, "c": 2}


def test_a_noisy_arm_keeps_its_tier_above_steadier_arms_with_better_means():
    assert tiers(["a", "steady", "noisy"], {("a", "steady")}) == {"a": 1, "steady": 2, "noisy": 1}


def test_a_pair_against_the_order_proves_nothing():
    assert tiers(["a", "b"], {("b", "a")}) == {"a": 1, "b": 1}


@given(st.integers(1, 7).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.tuples(*[st.integers(0, n - 1)] * 2)))))
def test_different_arms_never_share_a_tier_and_every_lower_tier_is_proven(case):
    n, pairs = case
    better = {(f"{i}", f"{j}") for i, j in pairs if i < j}
    found = tiers([str(i) for i in range(n)], better)
    assert all(found[good] < found[bad] for good, bad in better)
    for name, tier in found.items():
        assert tier == 1 or any(found[good] == tier - 1 for good, bad in better if bad == name)
