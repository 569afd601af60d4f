"""A variant's start from pretrained weights, planned: the other task, the model for that task, and its training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.ledger.canonical import Json
from harness.plantools import Tools

KEYS = ("task", "train")


def start_of(given: Mapping[str, Any], spec: Json, head: Json | None, tools: Tools) -> Json:
    """What a run's `init_from` holds; `head` is the entry's own, which the task of the comparison has replaced.

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
    task = tools.build_task(block)
    model = task.adapt({**spec, "head": head})
    tools.read(model, task.for_model(model).batch(0, 1, 1).inputs)
    return {"task": block, "data": task.digest(), "model": model, "train": tools.fill_train(given["train"])}
