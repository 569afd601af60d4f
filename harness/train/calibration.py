"""How long a step of each of several runs takes on this machine, measured in turn."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

from harness.train.build import Spec, build_trainer
from harness.train.device import choose_device, synchronize
from harness.train.execution import Execution

# rounds, and in each of them steps of a run after WARM_UP that do not count: the most, and fewer where they are slow
ROUNDS, LEAST_ROUNDS, SECONDS_OF_ALL = 5, 3, 60.0
STEPS, LEAST_STEPS, SECONDS_OF_A_ROUND = 8, 3, 1.0
WARM_UP = 2


def seconds_per_step(specs: Sequence[Spec], execution: Execution) -> list[list[float]]:
    """For each spec the median step of every round; a round goes once through all of them, one in memory at a time."""
    rounds: list[list[float]] = []
    begun = time.perf_counter()
    while len(rounds) < ROUNDS and (len(rounds) < LEAST_ROUNDS or time.perf_counter() - begun < SECONDS_OF_ALL):
        rounds.append([_median_step(spec, execution) for spec in specs])
    return [list(of_one) for of_one in zip(*rounds, strict=True)]


def _median_step(spec: Spec, execution: Execution) -> float:
    """On a CPU it is processor time, which the work of other processes does not lengthen."""
    device = choose_device(execution.device)
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    trainer = build_trainer(spec, device)
    taken: list[float] = []
    for step in range(1, WARM_UP + STEPS + 1):
        start = clock()
        trainer.step(step)
        synchronize(device)
        taken.append(clock() - start)
        if step >= WARM_UP + LEAST_STEPS and sum(taken) > SECONDS_OF_A_ROUND:
            break
    return median(taken[WARM_UP:])
