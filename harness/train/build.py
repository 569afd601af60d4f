"""From a run's spec to what is trained: its task, its model and the trainer around them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch

from harness.ledger.canonical import canonical
from harness.tasks.task import Task, Trivial
from harness.train.optimizer import make_optimizers
from harness.train.options import parse
from harness.train.roles import groups_of
from harness.train.trainer import Trainer

Spec = dict[str, Any]
PURPOSES = ("tuning", "reporting")


def build_trainer(spec: Spec, device: torch.device) -> Trainer:
    """The trainer of a run at its first step.

    Raises:
        ValueError: a setting is out of range, or the data is not the one that the spec was made for.
    """
    from variants import build_model

    if spec["purpose"] not in PURPOSES:
        raise ValueError(f"purpose: unknown (got {spec['purpose']!r}; allowed: {', '.join(PURPOSES)})")
    options = parse(spec["train"])
    task = task_of(spec).for_model(spec["model"])
    model = build_model(spec["model"], seed=spec["seed"], salt=spec["salt"], device=str(device))
    model.train()
    return Trainer(model, task, options, spec["seed"], device)


def read_on_meta(spec: Spec, inputs: Mapping[str, Any]) -> None:
    """Build a model and let it read a batch's inputs on the meta device, where nothing is computed.

    Raises:
        ValueError: the parts cannot be built with these options, or do not read such a batch.
    """
    from variants import build_model

    model = build_model(spec, device="meta")
    try:
        with torch.no_grad():
            model(**{name: torch.from_numpy(array).to("meta") for name, array in inputs.items()})
    except (NotImplementedError, RuntimeError):
        return  # a step that asks for values, which meta has not, is no fault of the spec


def groups_on_meta(spec: Spec, train: Mapping[str, Any]) -> list[Spec]:
    """The groups of parameters that a plan's `train` map makes of a model, with tensors and parameters by role."""
    from variants import build_model

    options = parse({**train, "learning_rate": 1.0})
    model = build_model(spec, device="meta")
    return groups_of(make_optimizers(model, options.optimizer, options.weight_decay, "meta"), model)


def task_of(spec: Spec) -> Task:
    """The spec's task, with batches as its model's stack reads them; a warm process builds each only once.

    Raises:
        ValueError: its data has another digest than the spec.
    """
    block = spec["task"]
    task = _task(canonical(block))
    digest = _digest(task)
    if spec.get("data") not in (None, digest):
        raise ValueError(f"data: changed since the run was planned (got {digest}; the spec says {spec['data']})")
    return task.for_model(spec["model"])


@cache
def trivial_of(task: Task) -> Trivial:
    """The task's rows without a model."""
    return task.trivial()


@cache
def _task(block: str) -> Task:
    import json

    from harness.tasks.registry import build_task

    return build_task(json.loads(block))


@cache
def _digest(task: Task) -> str:
    return task.digest()
