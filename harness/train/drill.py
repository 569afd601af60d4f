"""Whether a model learns a task at all: some steps on one batch must lower its loss, and evaluation must be finite."""

from __future__ import annotations

import math
from typing import Any

import torch

from harness.tasks.task import Batch, Task
from harness.train.evaluate import mean_nats, scored
from harness.train.options import parse
from harness.train.trainer import Trainer

Spec = dict[str, Any]
CPU = torch.device("cpu")
ROWS = 4
ROUNDS = 4  # of steps, before a model is said not to learn
RATE = 1e-3  # small enough that no structure overshoots in its first steps


class Drill(Trainer):
    """Trains on its first batch again and again."""

    def batch(self, step: int) -> Batch:
        return super().batch(1)


def fault_of(task: Task, spec: Spec, steps: int, evaluate: bool = True) -> str | None:
    """What is wrong with training a model of `spec` on `task`, or None; `spec` is adapted to the task.

    Raises:
        ValueError: the model does not read this task.
    """
    from variants import build_model

    options = parse(
        {"steps": ROUNDS * steps, "batch_size": ROWS, "learning_rate": RATE, "schedule": "constant", "warmup": 0}
    )
    drill = Drill(build_model(spec, seed=0, salt="", device="cpu").train(), task, options, 0, CPU)
    before = _loss(drill)
    # where training draws what evaluation does not, such as positions, the first few steps may miss
    for first in range(1, ROUNDS * steps + 1, steps):
        for step in range(first, first + steps):
            drill.step(step)
        if (after := _loss(drill)) < before:
            break
    if not (math.isfinite(before) and math.isfinite(after)):
        return f"a loss is not finite: {before} before the first step, {after} after"
    if after >= before:
        return f"{ROUNDS * steps} steps on one batch took its loss from {before:.4f} to {after:.4f}"
    if evaluate and not math.isfinite(task.score(list(_evaluated(drill)))["loss"]):
        return "the loss of the validation split is not finite"
    return None


def _loss(drill: Drill) -> float:
    return mean_nats(scored(drill.model, [drill.batch(1)], CPU, "float32"))


def _evaluated(drill: Drill) -> Any:
    return scored(drill.model, drill.task.evaluation("val", 64), CPU, "float32")
