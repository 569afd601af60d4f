"""Scaling laws on curves whose truth is known."""

import numpy as np
import pytest

from harness.statistics.scaling import compare_scaling, fit

SIZES = np.array([1e5, 3e5, 1e6, 3e6])


def losses(scale, exponent=0.3, floor=1.0, noise=0.0, n=5, draw=None):
    curve = floor + scale * SIZES[:, None] ** -exponent
    return curve + noise * (draw or np.random.default_rng(0)).normal(size=(len(SIZES), n))


def test_a_law_without_noise_is_found_again():
    law = fit(SIZES, (losses(28), losses(30)))
    assert law.floor == pytest.approx(1.0, rel=1e-3)
    assert law.exponent == pytest.approx((0.3, 0.3), rel=1e-2)
    assert law.multiplier(1e6) == pytest.approx((30 / 28) ** (1 / 0.3), rel=1e-3)


def test_the_multiplier_says_how_much_more_the_baseline_needs():
    law = fit(SIZES, (losses(20, 0.32), losses(30, 0.28)))
    at = 1e6 * law.multiplier(1e6)
    here, there = 1 + 20 * 1e6**-0.32, 1 + 30 * at**-0.28
    assert there == pytest.approx(here, rel=1e-4)


def test_an_arm_against_itself_cannot_be_told_and_its_interval_holds_one():
    draw = np.random.default_rng(1)
    found = compare_scaling(SIZES, losses(30, noise=0.003, draw=draw), losses(30, noise=0.003, draw=draw))
    assert found.verdict == "cannot tell"
    assert all(low <= 1 <= high for low, high in found.intervals)


def test_a_clear_gain_is_better_and_a_clear_loss_is_worse():
    draw = np.random.default_rng(2)
    arms = losses(26, noise=0.002, draw=draw), losses(30, noise=0.002, draw=draw)
    assert compare_scaling(SIZES, *arms).verdict == "better"
    assert compare_scaling(SIZES, *reversed(arms)).verdict == "worse"


def test_a_multiplier_beyond_the_sizes_is_not_told():
    found = compare_scaling(SIZES, losses(15, noise=1e-4), losses(30, noise=1e-4))
    assert found.verdict == "cannot tell"
    assert "further than the sizes reach" in found.why


@pytest.mark.parametrize("level", [1.0, 1.5, 3.0])
def test_a_baseline_that_does_not_fall_makes_no_number_without_end(level):
    flat = level + 0.01 * np.random.default_rng(0).normal(size=(4, 5))
    found = compare_scaling(SIZES, losses(30), flat)
    assert np.isfinite([found.multipliers, *np.transpose(found.intervals)]).all()
    assert found.verdict == "cannot tell"


@pytest.mark.parametrize(
    ("sizes", "arm", "said"),
    [
        (SIZES[:3], losses(30)[:3], "at least 4"),
        (SIZES[::-1], losses(30), "rising"),
        (SIZES, losses(30, n=1), "two seeds"),
        (SIZES, losses(30, floor=-9), "above 0"),
    ],
)
def test_what_has_no_law_is_refused(sizes, arm, said):
    with pytest.raises(ValueError, match=said):
        compare_scaling(sizes, arm, arm)
