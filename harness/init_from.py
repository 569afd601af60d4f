"""A variant's start from pretrained weights, planned: the other task, the model for that task, and its training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.ledger.canonical import Json
from harness.plantools import Tools
from harness.tasks.task import Side, Task

KEYS = ("task", "train")


@dataclass(frozen=True)
class Start:
    """What a run's `init_from` holds, and the note that tells of it before training."""

    record: Json
    note: str


def start_of(given: Mapping[str, Any], spec: Json, head: Json | None, task: Task, tools: Tools) -> Start:
    """The start of a variant whose model on `task` is `spec`; `head` is the entry's own, which the task replaced.

    Raises:
        CatalogError: a setting of the task or of the training is wrong.
        ValueError: a key is unknown or missing, or the pretraining has no exact loss for this stack.
    """
    unknown = [key for key in given if key not in KEYS]
    missing = [key for key in KEYS if key not in given]
    if unknown or missing:
        told = f"got {', '.join(given) or 'nothing'}; allowed: {', '.join(KEYS)}, both"
        raise ValueError(f"init_from: names a task and how it is trained ({told})")
    if "learning_rate" not in given["train"]:
        raise ValueError("init_from.train.learning_rate: must be given; pretraining is not tuned")
    block = tools.fill_task(given["task"])
    first = tools.build_task(block)
    model, train = first.adapt({**spec, "head": head}), tools.fill_train(given["train"])
    tools.read(model, first.for_model(model).batch(0, 1, 1).inputs)
    fresh = tools.fresh(Side(model, first.token_ids), Side(spec, task.token_ids))
    told = f"pretrained on {block['kind']}, {train['steps']} steps for each seed, which no estimate counts"
    note = f"{told}; fresh, in whole or part: {', '.join(fresh) or 'nothing'}"
    return Start({"task": block, "data": first.digest(), "model": model, "train": train}, note)
