"""One arm by itself: its mean with an interval, and the median that counts diverged runs as the worst."""

import math
import statistics
from collections.abc import Sequence

import numpy as np

from harness.statistics.estimate import Estimate, floats, spread, student


def mean_interval(losses: Sequence[float], confidence: float = 0.95) -> Estimate:
    """The mean over seeds; the interval is a point where all losses are equal.

    Raises:
        ValueError: a loss is not finite.
    """
    values = floats(losses)
    mean, sd, n = float(np.mean(values)), spread(values, float(np.abs(values).max())), values.size
    if n > 1 and sd == 0:
        return Estimate(mean, 0.0, n, n - 1, (mean, mean), None)
    return student(mean, sd, n, n - 1, confidence)


def median(losses: Sequence[float]) -> float | None:
    """The median over seeds, a diverged run above all others; None where the middle itself diverged."""
    middle = statistics.median(losses) if losses else math.inf
    return middle if math.isfinite(middle) else None
