"""How long a step of a run takes on this machine."""

from __future__ import annotations

import time
from statistics import median

from harness.train.build import Spec, build_trainer
from harness.train.device import choose_device, synchronize
from harness.train.execution import Execution

WARM_UP = 2


def seconds_per_step(spec: Spec, steps: int, execution: Execution) -> float:
    """The median over `steps`, after WARM_UP that do not count.

    On a CPU it is processor time, which the work of other processes does not lengthen.
    """
    device = choose_device(execution.device)
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    trainer = build_trainer(spec, device)
    taken = []
    for step in range(1, WARM_UP + steps + 1):
        start = clock()
        trainer.step(step)
        synchronize(device)
        taken.append(clock() - start)
    return median(taken[WARM_UP:])
