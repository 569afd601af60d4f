"""Two one-sided tests (Schuirmann, 1987, https://doi.org/10.1007/BF01068419): evidence that two arms are the same."""

from harness.statistics.estimate import Estimate


def equivalence_p(difference: Estimate, margin: float) -> float | None:
    """The p-value against "the arms differ by `margin` or more"; None where the error of the difference is unknown.

    Raises:
        ValueError: the margin is not above 0.
    """
    from scipy.special import stdtr

    if not margin > 0:
        raise ValueError(f"margin: got {margin!r}; allowed: a number above 0, in the unit of the loss")
    if difference.p is None:
        return None
    if difference.se == 0:
        return 0.0
    return float(stdtr(difference.df, -(margin - abs(difference.mean)) / difference.se))
