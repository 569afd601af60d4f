"""How long a step of each of several runs takes on this machine, measured in turn."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

from harness.train.build import Spec, build_trainer
from harness.train.device import choose_device, synchronize
from harness.train.execution import Execution

ROUNDS = 5
STEPS = 8  # of a round, after WARM_UP that do not count
WARM_UP = 2


def seconds_per_step(specs: Sequence[Spec], execution: Execution) -> list[list[float]]:
    """For each spec the median step of every round; a round goes once through all of them, one in memory at a time."""
    rounds = [[_median_step(spec, execution) for spec in specs] for _ in range(ROUNDS)]
    return [list(of_one) for of_one in zip(*rounds, strict=True)]


def _median_step(spec: Spec, execution: Execution) -> float:
    """On a CPU it is processor time, which the work of other processes does not lengthen."""
    device = choose_device(execution.device)
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    trainer = build_trainer(spec, device)
    taken = []
    for step in range(1, WARM_UP + STEPS + 1):
        start = clock()
        trainer.step(step)
        synchronize(device)
        taken.append(clock() - start)
    return median(taken[WARM_UP:])
