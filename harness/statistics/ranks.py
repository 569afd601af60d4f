"""Exact tests on ranks, for arms of which some run diverged and has no loss: it takes the worst rank.

Both tests count every arrangement of the observed ranks, ties included, so no p-value is approximate and none depends
on how bad a diverged run is said to be. Ranks are doubled to keep the middle ranks of ties whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.statistics.estimate import Floats


@dataclass(frozen=True)
class RankTest:
    """`p` is two-sided; `direction` is 1 where the first arm is worse, -1 where it is better, 0 where neither."""

    p: float
    direction: int
    name: str


def rank_test(arm: Sequence[float], baseline: Sequence[float], alpha: float) -> RankTest:
    """The exact test for two arms over the same seeds; `alpha` is the level it must be able to reach.

    The paired test is taken where n seeds let it reach alpha at all (its smallest p is 2 / 2^n), else the unpaired one
    (2 / C(2n, n)), which is cautious when shared seeds make the arms rise and fall together. The choice looks at n
    and alpha only, never at the losses.
    """
    return sign_flip(arm, baseline) if 2.0 ** (1 - len(arm)) <= alpha else rank_sum(arm, baseline)


def rank_sum(arm: Sequence[float], baseline: Sequence[float]) -> RankTest:
    """Exact Wilcoxon-Mann-Whitney test of two unpaired samples; infinite losses share the worst rank."""
    ranks = doubled_ranks(np.asarray([*arm, *baseline], dtype=np.float64))
    k = len(arm)
    counts = subset_sums(ranks)[k]
    centre = k * (len(ranks) + 1)  # of the doubled sum
    observed = int(ranks[:k].sum()) - centre
    far = np.abs(np.arange(counts.size) - centre) >= abs(observed)
    return RankTest(share(counts, far), int(np.sign(observed)), "exact rank-sum test")


def sign_flip(arm: Sequence[float], baseline: Sequence[float]) -> RankTest:
    """Exact sign-flip test of the signed ranks of the differences; two diverged runs of one seed cancel."""
    pairs = zip(arm, baseline, strict=True)
    differences = np.asarray([0.0 if a == b else a - b for a, b in pairs], dtype=np.float64)
    scores = np.where(differences == 0, 0, doubled_ranks(np.abs(differences)))
    total = int(scores.sum())
    observed = int((scores * np.sign(differences)).sum())
    counts = np.zeros(2 * total + 1)
    counts[total] = 1.0
    for score in scores.tolist():
        counts = np.roll(counts, score) + np.roll(counts, -score)
    far = np.abs(np.arange(counts.size) - total) >= abs(observed)
    return RankTest(share(counts, far), int(np.sign(observed)), "exact sign-flip test")


def doubled_ranks(values: Floats) -> np.ndarray:
    """Twice the rank of each value, the smallest first; ties share the middle of their ranks."""
    ordered = np.sort(values)
    return np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right") + 1


def subset_sums(ranks: np.ndarray) -> Floats:
    """counts[k, s]: how many subsets of k ranks sum to s."""
    counts = np.zeros((len(ranks) + 1, int(ranks.sum()) + 1))
    counts[0, 0] = 1.0
    for rank in ranks.tolist():
        counts[1:, rank:] += counts[:-1, : counts.shape[1] - rank].copy()
    return counts


def share(counts: Floats, chosen: np.ndarray) -> float:
    return min(1.0, float(counts[chosen].sum() / counts.sum()))
