"""Two arms over the same seeds: the mean difference, or the exact rank test where a run diverged."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.comparison.arm import CLAIM_SEEDS, Arm
from harness.comparison.numbers import seeds_text
from harness.statistics.estimate import Estimate
from harness.statistics.paired import paired_t
from harness.statistics.ranks import RankTest, rank_test


@dataclass(frozen=True)
class Contrast:
    """`arm - baseline`: an estimate of the mean, or a rank test, or neither while no seed is finished in both."""

    arm: Arm
    baseline: Arm
    estimate: Estimate | None
    ranks: RankTest | None

    @property
    def finished(self) -> bool:
        return self.arm.finished and self.baseline.finished

    @property
    def p(self) -> float | None:
        """The p-value of the declared test; None until all seeds of both arms are finished."""
        if not self.finished:
            return None
        return self.ranks.p if self.ranks else self.estimate.p if self.estimate else None

    @property
    def direction(self) -> int:
        """1 where the arm's loss is higher (worse), -1 where it is lower, 0 where neither."""
        if self.ranks:
            return self.ranks.direction
        return int(math.copysign(1, self.estimate.mean)) if self.estimate and self.estimate.mean else 0

    @property
    def test(self) -> str | None:
        return self.ranks.name if self.ranks else "paired t" if self.estimate else None


def contrast(arm: Arm, baseline: Arm, confidence: float, level: float) -> Contrast:
    """`level` is the p-value that the contrast has to reach in its family: alpha over the number of contrasts."""
    if arm.diverged or baseline.diverged:
        both = arm.finished and baseline.finished
        return Contrast(arm, baseline, None, rank_test(arm.all_losses, baseline.all_losses, level) if both else None)
    shared = [seed for seed in arm.seeds if seed in arm.losses and seed in baseline.losses]
    if not shared:
        return Contrast(arm, baseline, None, None)
    pairs = [arm.losses[seed] for seed in shared], [baseline.losses[seed] for seed in shared]
    return Contrast(arm, baseline, paired_t(*pairs, confidence), None)


def obstacles(contrast: Contrast) -> list[str]:
    """Why the contrast may carry no claim; empty where it may."""
    reasons = [*contrast.arm.reasons, *(f"baseline {reason}" for reason in contrast.baseline.reasons)]
    return [*reasons, *few_seeds(contrast.arm.seeds), *no_error(contrast)]


def few_seeds(seeds: Sequence[int]) -> list[str]:
    n = len(seeds)
    if n >= CLAIM_SEEDS:
        return []
    return ["one seed: no interval"] if n == 1 else [f"screening: {seeds_text(n)}, a claim needs {CLAIM_SEEDS}"]


def no_error(contrast: Contrast) -> list[str]:
    """The finished contrasts that have no p-value worth the name."""
    if not contrast.finished or len(contrast.arm.seeds) < 2:
        return []
    if not contrast.arm.done and not contrast.baseline.done:
        return ["every run of both arms diverged"]
    if contrast.p is None:
        return ["the difference is the same on every seed, so its error is unknown: do the seeds change anything?"]
    return []
