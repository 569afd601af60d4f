"""Holm's correction and the equivalence test."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from harness.statistics.equivalence import equivalence_p
from harness.statistics.holm import holm
from harness.statistics.paired import paired_t


@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_holm_equals_that_of_statsmodels(n):
    p_values = np.random.default_rng(n).uniform(size=n).round(1) ** 3  # with ties, and now and then a 0 or a 1
    adjusted = holm(dict(enumerate(p_values)))
    assert list(adjusted.values()) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_a_missing_p_value_keeps_its_place_in_the_family():
    assert holm({"a": 0.01, "b": None, "c": 0.02}) == pytest.approx({"a": 0.03, "b": None, "c": 0.04})
    assert holm({"a": 0.01, "c": 0.02}, family=3) == pytest.approx({"a": 0.03, "c": 0.04})


def test_a_family_smaller_than_its_p_values_is_refused():
    with pytest.raises(ValueError, match="family: got 1"):
        holm({"a": 0.1, "b": 0.2}, family=1)


@pytest.mark.parametrize("shift", [0.0, 0.02, -0.08, 0.3])
def test_equivalence_equals_that_of_statsmodels(shift):
    arm, baseline = np.random.default_rng(3).normal(2, 0.05, (2, 6))
    p, _, _ = ttost_paired(arm + shift, baseline, -0.1, 0.1)
    assert equivalence_p(paired_t(arm + shift, baseline), 0.1) == pytest.approx(p)


def test_identical_arms_are_the_same_within_any_margin():
    assert equivalence_p(paired_t([1.0, 2.0], [1.0, 2.0]), 1e-6) == 0.0


def test_one_seed_is_no_evidence_of_sameness():
    assert equivalence_p(paired_t([1.0], [1.0]), 0.1) is None


@pytest.mark.parametrize("margin", [0.0, -0.1, float("nan")])
def test_a_margin_must_be_above_zero(margin):
    with pytest.raises(ValueError, match="above 0"):
        equivalence_p(paired_t([1.0, 2.0], [1.0, 2.1]), margin)
