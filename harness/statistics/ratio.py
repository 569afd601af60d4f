"""The ratio of two means over the same seeds, with Fieller's interval (1954, https://www.jstor.org/stable/2984043)."""

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics.estimate import floats


def ratio(over: ArrayLike, under: ArrayLike, confidence: float = 0.95) -> tuple[float, tuple[float, float]] | None:
    """mean(over) / mean(under) and its interval; None where `under` cannot be told from zero, so that no end is sure.

    Raises:
        ValueError: the two differ in length, have fewer than two values, or one is not finite.
    """
    from scipy.special import stdtrit

    above, below = floats(over), floats(under)
    if above.shape != below.shape or above.ndim != 1 or above.size < 2:
        told = f"got {above.shape} and {below.shape}; allowed: two lists of one length, at least 2"
        raise ValueError(f"pairs: {told}")
    n = above.size
    a, b = float(above.mean()), float(below.mean())
    (var_a, both), (_, var_b) = float(stdtrit(n - 1, 0.5 + confidence / 2)) ** 2 * np.cov(above, below) / n
    # the ratios r for which mean(over - r * under) cannot be told from zero
    squared, linear, constant = b * b - var_b, a * b - both, a * a - var_a
    if squared <= 0:
        return None
    root = float(np.sqrt(max(0.0, linear**2 - squared * constant)))
    return a / b, (float((linear - root) / squared), float((linear + root) / squared))
