"""Scaling laws over several sizes, and how much more budget the baseline needs for the same loss.

Loss = E + A * size^-a with one E for all arms (Hoffmann et al., 2022, https://arxiv.org/abs/2203.15556), fitted on log
losses with Huber's loss. A shared E makes the multiplier a closed form; arms that run towards different floors show as
different exponents.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.statistics.estimate import Floats, floats

FEWEST_SIZES = 4
RESAMPLES = 200
STARTS = (0.05, 0.5, 0.8, 0.95)  # E as a share of the lowest loss
HUBER = 1e-3
FARTHEST = 1e6  # a curve that hardly falls asks for endlessly more; a multiplier says so many times at most
OUT_OF_SIGHT = 4.0  # a multiplier beyond it says more of the curve than of the runs


@dataclass(frozen=True)
class Law:
    """The curves of two arms over `size`; the exponents are positive where loss falls."""

    floor: float
    scale: tuple[float, float]
    exponent: tuple[float, float]

    def multiplier(self, size: float) -> float:
        """How many times the size the second arm needs for the loss that the first has at `size`."""
        (arm, base), (a, b) = self.scale, self.exponent
        logs = (np.log(base) - np.log(arm) + (a - b) * np.log(size)) / b
        return float(np.exp(np.clip(logs, -np.log(FARTHEST), np.log(FARTHEST))))


@dataclass(frozen=True)
class Scaling:
    """An arm against its baseline over sizes; `verdict` is better, worse or cannot tell."""

    law: Law
    sizes: tuple[float, ...]
    multipliers: tuple[float, ...]
    intervals: tuple[tuple[float, float], ...]
    exponent_difference: tuple[float, float]
    verdict: str
    why: str


def compare_scaling(
    sizes: Sequence[float],
    arm: Sequence[Sequence[float]],
    baseline: Sequence[Sequence[float]],
    confidence: float = 0.95,
) -> Scaling:
    """The multiplier at every size with a bootstrap over seeds and sizes; rows are sizes, columns shared seeds.

    Raises:
        ValueError: there are fewer than four sizes, two seeds, or a loss is not finite and positive.
    """
    x, pair = np.asarray(sizes, dtype=np.float64), (floats(arm), floats(baseline))
    _check(x, pair)
    law = fit(x, pair)
    drawn = [fit(*sample, start=law) for sample in _resamples(x, pair)]
    ends = (1 - confidence) / 2, (1 + confidence) / 2
    each = np.array([[one.multiplier(size) for size in x] for one in drawn])
    intervals = [(float(low), float(high)) for low, high in np.quantile(each, ends, axis=0).T]
    exponents = np.quantile([one.exponent[0] - one.exponent[1] for one in drawn], ends)
    multipliers = tuple(law.multiplier(size) for size in x)
    verdict, why = _verdict(multipliers[-1], intervals[-1])
    found = (float(exponents[0]), float(exponents[1]))
    return Scaling(law, tuple(map(float, x)), multipliers, tuple(intervals), found, verdict, why)


def fit(sizes: Floats, pair: tuple[Floats, Floats], start: Law | None = None) -> Law:
    """The best law; from `start` where there is one, else the best of several starts."""
    from scipy.optimize import least_squares

    x, logs = np.log(sizes / sizes[0])[:, None], [np.log(losses) for losses in pair]
    lowest = min(float(losses.min()) for losses in pair)

    def residuals(p: Floats) -> Floats:
        curves = [np.logaddexp(p[0], p[1 + i] - p[3 + i] * x) for i in (0, 1)]
        return np.concatenate([(curve - seen).ravel() for curve, seen in zip(curves, logs, strict=True)])

    def slopes(p: Floats) -> Floats:
        found = np.zeros((2, *logs[0].shape, 5))
        for i in (0, 1):
            share = 1 / (1 + np.exp(p[0] - p[1 + i] + p[3 + i] * x))  # of the loss above the floor
            found[i, ..., 0], found[i, ..., 1 + i], found[i, ..., 3 + i] = 1 - share, share, -share * x
        return found.reshape(-1, 5)

    firsts = [_packed(start, sizes[0])] if start else [_guess(share * lowest, x, pair) for share in STARTS]
    upper = [np.log(lowest), np.inf, np.inf, np.inf, np.inf]
    lower = [np.log(lowest) - 12, -np.inf, -np.inf, 1e-3, 1e-3]
    found = [
        least_squares(residuals, np.clip(p, lower, upper), slopes, (lower, upper), loss="huber", f_scale=HUBER)
        for p in firsts
    ]
    best = min(found, key=lambda one: float(one.cost)).x
    scale = [float(np.exp(best[1 + i] + best[3 + i] * np.log(sizes[0]))) for i in (0, 1)]
    return Law(float(np.exp(best[0])), (scale[0], scale[1]), (float(best[3]), float(best[4])))


def _check(sizes: Floats, pair: tuple[Floats, Floats]) -> None:
    if len(set(sizes)) < FEWEST_SIZES or (np.diff(sizes) <= 0).any():
        raise ValueError(f"sizes: got {sizes.tolist()}; allowed: at least {FEWEST_SIZES}, rising")
    shapes = [losses.shape for losses in pair]
    if shapes[0] != shapes[1] or shapes[0][0] != len(sizes) or len(shapes[0]) != 2 or shapes[0][1] < 2:
        raise ValueError(f"losses: got {shapes[0]} and {shapes[1]}; allowed: {len(sizes)} sizes by two seeds or more")
    if min(float(losses.min()) for losses in pair) <= 0:
        raise ValueError("losses: got one that is not above 0; allowed: positive losses, such as nats")


def _packed(law: Law, first: float) -> NDArray[np.float64]:
    scale = [np.log(law.scale[i]) - law.exponent[i] * np.log(first) for i in (0, 1)]
    return np.array([np.log(law.floor), *scale, *law.exponent])


def _guess(floor: float, x: Floats, pair: tuple[Floats, Floats]) -> NDArray[np.float64]:
    """A straight line through what is above the floor, in logs."""
    lines = [np.polyfit(x[:, 0], np.log(losses.mean(1) - floor * 0.999), 1) for losses in pair]
    return np.array([np.log(floor), *(line[1] for line in lines), *(max(0.01, -line[0]) for line in lines)])


def _resamples(sizes: Floats, pair: tuple[Floats, Floats]) -> list[tuple[Floats, tuple[Floats, Floats]]]:
    """Seeds drawn anew at each size, the same for both arms; every second sample leaves out one size, in turn."""
    draw, samples = np.random.default_rng(0), []
    n_sizes, n_seeds = pair[0].shape
    for i in range(RESAMPLES):
        seeds = draw.integers(n_seeds, size=(n_sizes, n_seeds))
        rows = np.arange(n_sizes) if i % 2 else np.delete(np.arange(n_sizes), i // 2 % n_sizes)
        both = [np.take_along_axis(losses, seeds, axis=1)[rows] for losses in pair]
        samples.append((sizes[rows], (both[0], both[1])))
    return samples


def _verdict(multiplier: float, interval: tuple[float, float]) -> tuple[str, str]:
    low, high = interval
    if low <= 1 <= high:
        return "cannot tell", "the interval of the multiplier holds 1"
    if not 1 / OUT_OF_SIGHT <= multiplier <= OUT_OF_SIGHT:
        return "cannot tell", f"the multiplier is beyond {OUT_OF_SIGHT:g}, further than the sizes reach"
    return ("better", "") if low > 1 else ("worse", "")
