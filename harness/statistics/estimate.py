"""A mean with its Student-t interval and two-sided p-value, and the rule for losses that do not vary."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
ROUNDING = 1e-12  # losses closer than this, relative to their size, differ by rounding only


@dataclass(frozen=True)
class Estimate:
    """A mean and what is known of its error; `sd` is the spread of one repetition.

    `ci` and `p` are None where the data say nothing of the error: one repetition, or a difference that is the same in
    all of them.
    """

    mean: float
    sd: float
    n: int
    df: int
    ci: tuple[float, float] | None
    p: float | None

    @property
    def se(self) -> float:
        return self.sd / float(np.sqrt(self.n))


def floats(values: ArrayLike) -> Floats:
    """The values as float64.

    Raises:
        ValueError: one of them is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"losses: got {array.tolist()}; allowed: finite (a diverged run has a rank, no mean)")
    return array


def spread(values: Floats, scale: float) -> float:
    """The standard deviation over repetitions, exactly 0 where they differ by rounding only."""
    if values.size < 2 or float(np.ptp(values)) <= ROUNDING * scale:
        return 0.0
    return float(np.std(values, ddof=1))


def snapped(differences: Floats, scale: float) -> Floats:
    """The differences, exactly 0 where all of them are rounding."""
    return np.zeros_like(differences) if np.abs(differences).max() <= ROUNDING * scale else differences


def student(mean: float, sd: float, n: int, df: int, confidence: float) -> Estimate:
    """The estimate of a mean whose standard error is `sd / sqrt(n)`, `sd` known with `df` degrees of freedom."""
    from scipy.special import stdtr, stdtrit

    if df < 1 or (sd == 0 and mean != 0):
        return Estimate(mean, sd, n, df, None, None)
    if sd == 0:
        return Estimate(0.0, 0.0, n, df, (0.0, 0.0), 1.0)
    se = sd / float(np.sqrt(n))
    half = se * float(stdtrit(df, 0.5 + confidence / 2))
    return Estimate(mean, sd, n, df, (mean - half, mean + half), 2 * float(stdtr(df, -abs(mean) / se)))
