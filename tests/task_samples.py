"""What the tests of tasks share: tiny tasks of every kind, specs of every stack, invented evaluations."""

from functools import cache
from typing import Any

import numpy as np

from harness.tasks.registry import TASK, build_task, task_kinds, task_records
from harness.tasks.task import Batch, Scored, Task

OURS = tuple(kind for kind in task_kinds() if TASK.kinds[kind].__module__.startswith("harness.tasks."))
COMMON = {
    "vocab_size": 7,
    "embedding": {"kind": "token"},
    "head": {"kind": "lm", "tied": False},
}
SPECS: dict[str, dict[str, Any]] = {
    "encoder": {"encoder": {"n_layers": 1}, "decoder": None, **COMMON},
    "decoder": {"encoder": None, "decoder": {"n_layers": 1}, **COMMON},
    "encoder_decoder": {"encoder": {"n_layers": 1}, "decoder": {"n_layers": 1}, **COMMON},
}


IMAGES = {**SPECS["encoder"], "embedding": {"kind": "patch", "patch_size": 16, "image_size": 224}}


def spec_for(kind: str, stack: str) -> dict[str, Any]:
    """A spec of the stack that reads what the kind of task shows."""
    return IMAGES if kind == "image_classification" else SPECS[stack]


@cache
def tiny(kind: str) -> Task:
    """The task of a kind with its options for tests."""
    return build_task({"kind": kind, **task_records()["task"][kind].tiny})


def invented(batch: Batch, generated: Any = None) -> Scored:
    """An evaluation whose nats depend on a target and its place in its row alone."""
    place = np.arange(batch.targets.shape[1]) if batch.targets.ndim > 1 else 0
    nats = 0.5 + (batch.targets % 5) / 7 + place / 31
    return Scored(batch, nats, np.where(batch.targets % 3 == 0, batch.targets, -1), generated)
