"""The ratio of two paired means: how often its interval holds the truth, and when there is none."""

import numpy as np
import pytest

from harness.statistics.ratio import ratio


def test_a_part_of_a_whole_without_noise_is_that_part():
    share, (low, high) = ratio([0.5, 0.5, 0.5], [1.0, 1.0, 1.0])
    assert (share, low, high) == (0.5, 0.5, 0.5)


def test_a_whole_is_all_of_itself():
    whole = [1.0, 1.2, 0.9, 1.1]
    share, ends = ratio(whole, whole)
    assert share == 1
    assert ends == pytest.approx((1, 1))


def test_a_gap_that_may_be_zero_has_no_shares():
    assert ratio([0.5, 0.4, 0.6], [1.0, -0.9, 0.1]) is None


def test_the_interval_holds_the_truth_in_95_of_100_tables():
    draw = np.random.default_rng(2)
    whole = 1 + 0.2 * draw.normal(size=(2_000, 5))
    part = 0.4 * whole + 0.1 * draw.normal(size=(2_000, 5))
    found = [ratio(*pair) for pair in zip(part, whole, strict=True)]
    held = np.mean([low <= 0.4 <= high for _, (low, high) in filter(None, found)])
    assert abs(held - 0.95) <= 4 * (0.95 * 0.05 / 2_000) ** 0.5


@pytest.mark.parametrize("pair", [([1.0], [1.0]), ([1.0, 2.0], [1.0]), ([1.0, float("inf")], [1.0, 2.0])])
def test_what_has_no_ratio_is_refused(pair):
    with pytest.raises(ValueError, match="allowed"):
        ratio(*pair)
