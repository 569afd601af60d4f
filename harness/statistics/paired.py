"""Paired t: the test behind every claim, on the differences of runs that share a seed."""

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics.estimate import Estimate, floats, snapped, spread, student


def paired_t(arm: ArrayLike, baseline: ArrayLike, confidence: float = 0.95) -> Estimate:
    """The mean of `arm - baseline` over seeds, both in the same order of seeds.

    Raises:
        ValueError: the two differ in length, are empty, or hold a loss that is not finite.
    """
    arm, baseline = floats(arm), floats(baseline)
    if arm.shape != baseline.shape or arm.ndim != 1 or not arm.size:
        raise ValueError(f"pairs: got {arm.shape} and {baseline.shape}; allowed: two lists of one length, at least 1")
    scale = float(max(np.abs(arm).max(), np.abs(baseline).max()))
    differences = snapped(arm - baseline, scale)
    n = differences.size
    return student(float(np.mean(differences)), spread(differences, scale), n, n - 1, confidence)
