"""The randomised-block analysis against statsmodels' least squares and against the paired t."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols

from harness.statistics.blocks import block_differences
from harness.statistics.paired import paired_t


@pytest.mark.parametrize(("n_arms", "n"), [(2, 2), (3, 3), (6, 4), (8, 5)])
def test_blocks_equal_least_squares_on_arm_and_seed(n_arms, n):
    table = np.random.default_rng(7).normal(2, 0.1, (n_arms, n))
    rows = [{"arm": arm, "seed": seed, "loss": loss} for (arm, seed), loss in np.ndenumerate(table)]
    fit = ols("loss ~ C(arm) + C(seed)", pd.DataFrame(rows)).fit()
    found = block_differences({f"arm{i}": row for i, row in enumerate(table)}, "arm0")
    assert set(found) == {f"arm{i}" for i in range(1, n_arms)}
    for i in range(1, n_arms):
        name, block = f"C(arm)[T.{i}]", found[f"arm{i}"]
        assert (block.mean, block.p) == pytest.approx((fit.params[name], fit.pvalues[name]))
        assert block.ci == pytest.approx(tuple(fit.conf_int().loc[name]))


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
