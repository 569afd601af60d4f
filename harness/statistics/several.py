"""Several tasks at once: interquartile mean, probability of improvement and performance profile.

After Agarwal et al. (2021, https://arxiv.org/abs/2108.13264). A score is higher where it is better and -inf where the
run diverged; an arm is a table of scores, a row a task and a column a seed, and arms share their seeds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Table = NDArray[np.float64]
RESAMPLES = 2000


@dataclass(frozen=True)
class Aggregate:
    """A figure over all tasks and seeds with its bootstrap interval; None where too many runs diverged."""

    value: float | None
    ci: tuple[float, float] | None


def interquartile_mean(scores: ArrayLike, confidence: float = 0.95) -> Aggregate:
    """The mean of all scores, tasks and seeds together, without the lowest and the highest quarter."""
    from scipy.stats import trim_mean

    table = _table(scores)
    return _aggregate([table], lambda drawn: trim_mean(drawn[0].reshape(len(drawn[0]), -1), 0.25, axis=1), confidence)


def probability_of_improvement(arm: ArrayLike, baseline: ArrayLike, confidence: float = 0.95) -> Aggregate:
    """How often a run of the arm beats one of the baseline, a tie counting half; the mean over tasks.

    Raises:
        ValueError: the two differ in tasks or seeds.
    """
    pair = [_table(arm), _table(baseline)]
    if pair[0].shape != pair[1].shape:
        raise ValueError(f"scores: got {pair[0].shape} and {pair[1].shape}; allowed: the same tasks and seeds")
    return _aggregate(pair, lambda drawn: _wins(*drawn), confidence)


def performance_profile(scores: ArrayLike, thresholds: Sequence[float]) -> list[float]:
    """The share of runs that score more than each threshold, every task counting the same."""
    table = _table(scores)
    return [float((table > threshold).mean()) for threshold in thresholds]


def normalised(losses: Mapping[int, float], floor: float, one: float) -> dict[int, float]:
    """Losses as scores: 0 at the loss of a rule that learns nothing (`floor`), 1 at `one`.

    Raises:
        ValueError: `one` is no better than `floor`, so there is no unit.
    """
    if not one < floor:
        raise ValueError(f"one: got {one}; allowed: a loss below floor={floor}")
    return {seed: (floor - loss) / (floor - one) for seed, loss in losses.items()}


def _table(scores: ArrayLike) -> Table:
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or not table.size or np.isnan(table).any() or np.isposinf(table).any():
        raise ValueError(f"scores: got a table of shape {table.shape}; allowed: tasks by seeds, numbers or -inf")
    return table


def _aggregate(tables: Sequence[Table], figure: Callable[[list[Table]], Table], confidence: float) -> Aggregate:
    """The figure of the tables and of tables whose seeds are drawn anew within each task, the same for all tables."""
    value = float(figure([table[None] for table in tables])[0])
    if not np.isfinite(value):
        return Aggregate(None, None)
    n_tasks, n_seeds = tables[0].shape
    if n_seeds < 2:
        return Aggregate(value, None)
    drawn = np.random.default_rng(0).integers(n_seeds, size=(RESAMPLES, n_tasks, n_seeds))
    resampled = [np.take_along_axis(np.broadcast_to(table, drawn.shape), drawn, axis=2) for table in tables]
    low, high = np.quantile(figure(resampled), [(1 - confidence) / 2, (1 + confidence) / 2], method="nearest")
    return Aggregate(value, (float(low), float(high)) if np.isfinite([low, high]).all() else None)


def _wins(arm: Table, baseline: Table) -> Table:
    pairs = arm[..., :, None], baseline[..., None, :]
    won: Table = ((pairs[0] > pairs[1]) + 0.5 * (pairs[0] == pairs[1])).mean(axis=(1, 2, 3))
    return won
