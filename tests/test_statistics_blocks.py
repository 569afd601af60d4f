"""The randomised-block analysis against ordinary least squares and against the paired t."""

import numpy as np
import pytest
from scipy import stats

from harness.statistics.blocks import block_differences
from harness.statistics.paired import paired_t


def least_squares(table, arm, baseline):
    """Mean, standard error and degrees of freedom of a difference from a dummy-variable regression."""
    n_arms, n = table.shape
    rows = [(i, j) for i in range(n_arms) for j in range(n)]
    design = np.zeros((len(rows), n_arms + n - 1))
    for row, (i, j) in enumerate(rows):
        design[row, i] = 1
        if j:
            design[row, n_arms + j - 1] = 1
    y = table.ravel()
    solution = np.linalg.solve(design.T @ design, design.T @ y)
    df = len(rows) - design.shape[1]
    variance = np.sum((y - design @ solution) ** 2) / df
    contrast = np.zeros(design.shape[1])
    contrast[arm], contrast[baseline] = 1, -1
    return contrast @ solution, (variance * contrast @ np.linalg.inv(design.T @ design) @ contrast) ** 0.5, df


@pytest.mark.parametrize(("n_arms", "n"), [(2, 2), (3, 3), (6, 4), (8, 5)])
def test_blocks_equal_least_squares_on_arm_and_seed(n_arms, n):
    table = np.random.default_rng(7).normal(2, 0.1, (n_arms, n))
    found = block_differences({f"arm{i}": row for i, row in enumerate(table)}, "arm0")
    assert set(found) == {f"arm{i}" for i in range(1, n_arms)}
    for i in range(1, n_arms):
        mean, se, df = least_squares(table, i, 0)
        half = stats.t.ppf(0.975, df) * se
        assert found[f"arm{i}"].ci == pytest.approx((mean - half, mean + half))
        assert found[f"arm{i}"].p == pytest.approx(2 * stats.t.sf(abs(mean / se), df))


def test_blocks_of_two_arms_are_the_paired_t():
    arm, baseline = [1.3, 1.1, 1.4], [1.2, 1.05, 1.18]
    block, pair = block_differences({"arm": arm, "base": baseline}, "base")["arm"], paired_t(arm, baseline)
    assert (block.mean, block.p, *block.ci) == pytest.approx((pair.mean, pair.p, *pair.ci))


def test_blocks_need_a_baseline_two_arms_and_two_seeds():
    assert block_differences({"arm": [1.0, 2.0]}, "base") == {}
    assert block_differences({"base": [1.0, 2.0]}, "base") == {}
    assert block_differences({"base": [1.0], "arm": [2.0]}, "base") == {}


def test_identical_arms_differ_by_nothing_and_parallel_arms_have_no_interval():
    base = np.asarray([1.1, 1.3, 1.2])
    assert block_differences({"base": base, "arm": base}, "base")["arm"].ci == (0.0, 0.0)
    assert block_differences({"base": base, "arm": base + 0.1}, "base")["arm"].ci is None
