"""Holm's correction and the equivalence test."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.equivalence import equivalence_p
from harness.statistics.holm import holm
from harness.statistics.paired import paired_t


def test_holm_equals_a_hand_computed_example():
    # sorted .005 .01 .03 .04, times 4 3 2 1, made monotone
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}) == pytest.approx(
        {"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02}
    )


def test_a_missing_p_value_keeps_its_place_in_the_family():
    assert holm({"a": 0.01, "b": None, "c": 0.02}) == pytest.approx({"a": 0.03, "b": None, "c": 0.04})
    assert holm({"a": 0.01, "c": 0.02}, family=3) == pytest.approx({"a": 0.03, "c": 0.04})


def test_a_family_smaller_than_its_p_values_is_refused():
    with pytest.raises(ValueError, match="family: got 1"):
        holm({"a": 0.1, "b": 0.2}, family=1)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p_values):
    adjusted = list(holm(dict(enumerate(p_values))).values())
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    assert adjusted[int(np.argmin(p_values))] == min(adjusted)


@pytest.mark.parametrize("shift", [0.0, 0.02, -0.08])
def test_equivalence_equals_two_one_sided_t_tests(shift):
    arm, baseline = np.random.default_rng(3).normal(2, 0.05, (2, 6))
    differences = arm + shift - baseline
    lower = stats.ttest_1samp(differences, -0.1, alternative="greater").pvalue
    upper = stats.ttest_1samp(differences, 0.1, alternative="less").pvalue
    assert equivalence_p(paired_t(arm + shift, baseline), 0.1) == pytest.approx(max(lower, upper))


def test_identical_arms_are_the_same_within_any_margin():
    assert equivalence_p(paired_t([1.0, 2.0], [1.0, 2.0]), 1e-6) == 0.0


def test_one_seed_is_no_evidence_of_sameness():
    assert equivalence_p(paired_t([1.0], [1.0]), 0.1) is None


@pytest.mark.parametrize("margin", [0.0, -0.1, float("nan")])
def test_a_margin_must_be_above_zero(margin):
    with pytest.raises(ValueError, match="above 0"):
        equivalence_p(paired_t([1.0, 2.0], [1.0, 2.1]), margin)
