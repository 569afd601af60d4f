"""Effects of factors: what one change does alone, averaged over the others, and how two of them depend on each other.

Each effect is one number a seed, a contrast of arms that share the seed, so that the paired t judges it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from harness.statistics.estimate import Estimate, Floats, floats
from harness.statistics.paired import paired_t

Levels = Mapping[str, str]  # the level of each factor


@dataclass(frozen=True)
class Effect:
    """What one change of a factor does to the loss, or what two do together beyond what each does alone."""

    changes: tuple[tuple[str, str, str], ...]
    estimate: Estimate


def is_full(levels: Sequence[Levels]) -> bool:
    """Whether every combination of the levels is there once."""
    found = _levels_by_factor(levels)
    rows = {tuple(row.items()) for row in levels}
    every = {tuple(zip(found, row, strict=True)) for row in product(*found.values())}
    return rows == every and len(rows) == len(levels)


def effects(
    losses: Mapping[str, Sequence[float]], levels: Mapping[str, Levels], confidence: float = 0.95
) -> list[Effect]:
    """Main effects and two-way interactions of a full factorial table, against the first level of each factor.

    `losses` holds the same seeds in the same order for every arm, `levels` the arm's level of every factor.

    Raises:
        ValueError: a combination is missing, or a loss is not finite.
    """
    if not is_full(list(levels.values())):
        raise ValueError("levels: some combinations are missing; allowed: every combination of the levels once")
    cube = _Cube({name: floats(losses[name]) for name in levels}, levels)
    found = _levels_by_factor(list(levels.values()))
    steps = {factor: [(factor, names[0], name) for name in names[1:]] for factor, names in found.items()}
    mains = [cube.main(step, confidence) for factor in steps for step in steps[factor]]
    pairs = [
        cube.interaction(a, b, confidence)
        for one, other in combinations(steps, 2)
        for a, b in product(steps[one], steps[other])
    ]
    return [*mains, *pairs]


@dataclass(frozen=True)
class _Cube:
    losses: Mapping[str, Floats]
    levels: Mapping[str, Levels]

    def main(self, step: tuple[str, str, str], confidence: float) -> Effect:
        factor, old, new = step
        return Effect((step,), paired_t(self._mean({factor: new}), self._mean({factor: old}), confidence))

    def interaction(self, a: tuple[str, str, str], b: tuple[str, str, str], confidence: float) -> Effect:
        together = self._mean({a[0]: a[2], b[0]: b[2]}) + self._mean({a[0]: a[1], b[0]: b[1]})
        apart = self._mean({a[0]: a[2], b[0]: b[1]}) + self._mean({a[0]: a[1], b[0]: b[2]})
        return Effect((a, b), paired_t(together, apart, confidence))

    def _mean(self, fixed: Levels) -> Floats:
        rows = [
            self.losses[name]
            for name, levels in self.levels.items()
            if all(levels[factor] == level for factor, level in fixed.items())
        ]
        mean: Floats = np.mean(rows, axis=0)
        return mean


def _levels_by_factor(levels: Sequence[Levels]) -> dict[str, list[str]]:
    """The levels of each factor, in the order in which they come."""
    return {factor: list(dict.fromkeys(row[factor] for row in levels)) for factor in levels[0]} if levels else {}
