"""Learning-rate schedules: the factor of the peak rate at each step, after a linear warm-up."""

import math
from typing import Any

from catalog.types import Probability
from harness.train.kinds import Kinds

# each takes progress (0 right after the warm-up, below 1 at the last step), steps after the warm-up, and its length
SCHEDULES: Kinds[Any] = Kinds()


@SCHEDULES.register("cosine")
def cosine(progress: float, steps_after: int, warmup: int, *, floor: Probability = 0.0) -> float:
    """Half a cosine wave from 1 to `floor` (Loshchilov and Hutter, 2017, https://arxiv.org/abs/1608.03983)."""
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress))


@SCHEDULES.register("linear")
def linear(progress: float, steps_after: int, warmup: int, *, floor: Probability = 0.0) -> float:
    """A straight line from 1 to `floor`."""
    return floor + (1 - floor) * (1 - progress)


@SCHEDULES.register("constant")
def constant(progress: float, steps_after: int, warmup: int) -> float:
    """1 at every step."""
    return 1.0


@SCHEDULES.register("inverse_sqrt")
def inverse_sqrt(progress: float, steps_after: int, warmup: int) -> float:
    """1 / sqrt(step) in units of the warm-up (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762)."""
    start = max(warmup, 1)
    return math.sqrt(start / (start + steps_after))


def factor(schedule: dict[str, Any], step: int, steps: int, warmup: int) -> float:
    """The factor for `step`, counted from 1 to `steps`; the warm-up reaches 1 at step `warmup`."""
    if step <= warmup:
        return step / warmup
    after = step - warmup
    # the rate of the last step is one notch above the floor: a step at rate 0 would be wasted
    progress = (after - 1) / (steps - warmup)
    return float(SCHEDULES.call(schedule, progress, after, warmup))
