"""Learning-rate schedules: the factor of the peak rate at each step, after a linear warm-up."""

import math
from dataclasses import dataclass
from typing import Any, Literal

from catalog.types import Probability
from harness.train.kinds import Kinds


@dataclass(frozen=True)
class Moment:
    """A step behind the warm-up, counted from 1; `steps` and `warmup` are those of the whole run."""

    step: int
    steps: int
    warmup: int

    def progress(self, since: int) -> float:
        """0 at the first step after `since`, below 1 at the last.

        The rate of the last step is one notch above the floor: a step at rate 0 would be wasted.
        """
        return (self.step - since - 1) / (self.steps - since)


SCHEDULES: Kinds[Any] = Kinds()


@SCHEDULES.register("cosine")
def cosine(at: Moment, *, floor: Probability = 0.0) -> float:
    """Half a cosine wave from 1 to `floor` (Loshchilov and Hutter, 2017, https://arxiv.org/abs/1608.03983)."""
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * at.progress(at.warmup)))


@SCHEDULES.register("linear")
def linear(at: Moment, *, floor: Probability = 0.0) -> float:
    """A straight line from 1 to `floor`."""
    return floor + (1 - floor) * (1 - at.progress(at.warmup))


@SCHEDULES.register("constant")
def constant(at: Moment) -> float:
    """1 at every step."""
    return 1.0


@SCHEDULES.register("inverse_sqrt")
def inverse_sqrt(at: Moment) -> float:
    """1 / sqrt(step) in units of the warm-up (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762)."""
    start = max(at.warmup, 1)
    return math.sqrt(start / (start + at.step - at.warmup))


@SCHEDULES.register("wsd")
def wsd(
    at: Moment, *, decay: Probability = 0.2, shape: Literal["linear", "sqrt"] = "sqrt", floor: Probability = 0.0
) -> float:
    """1 until the last share `decay` of all steps, then down to `floor`.

    By Hägele et al. (2024, https://arxiv.org/abs/2405.18392). The steps before the decay are the same for every number
    of steps, so that runs of several budgets share them.
    """
    since = max(at.warmup, branch_of(decay, at.steps))
    if at.step <= since:
        return 1.0
    gone = at.progress(since)
    return floor + (1 - floor) * (1 - (math.sqrt(gone) if shape == "sqrt" else gone))


def branch_of(decay: float, steps: int) -> int:
    """The last step before the decay of `wsd`."""
    return steps - round(decay * steps)


def factor(schedule: dict[str, Any], step: int, steps: int, warmup: int) -> float:
    """The factor for `step`, counted from 1 to `steps`; the warm-up reaches 1 at step `warmup`."""
    if step <= warmup:
        return step / warmup
    return float(SCHEDULES.call(schedule, Moment(step, steps, warmup)))
