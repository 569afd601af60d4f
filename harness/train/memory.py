"""How much memory training a model takes, counted on tensors without values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import DataDependentOutputException, DynamicOutputShapeException, FakeTensorMode

from harness.train.build import task_of
from harness.train.feed import parts_of, to_device
from harness.train.optimizer_state import state_tensors
from harness.train.options import parse
from harness.train.trainer import Trainer
from variants import Model, build_model

Spec = dict[str, Any]
CPU = torch.device("cpu")


def training_bytes(model: Spec, task: Spec, train: Mapping[str, Any]) -> int:
    """Bytes of weights, gradients, optimizer state, average and all that a step keeps for its backward pass.

    An estimate with a CPU's kernels: what a library sets aside beyond its tensors is not in it.
    """
    run = {"model": model, "task": task, "train": {**train, "learning_rate": 1.0, "compile": False}}
    try:
        with FakeTensorMode(allow_non_fake_inputs=True):
            # without first values: tensors of this mode have none, and are not moved once a model holds them
            return _step_bytes(run, Model(model))
    except (DataDependentOutputException, DynamicOutputShapeException):
        # what is routed by value cannot be followed without values
        return _step_bytes(run, build_model(model))


def _step_bytes(run: Spec, model: Model) -> int:
    # the average is a copy, and tensors without values cannot be copied: its bytes are added below
    options = replace(parse(run["train"]), ema=None)
    trainer = Trainer(model.train(), task_of(run), options, seed=0, device=CPU)
    kept = _Kept({id(p) for p in model.parameters()})
    feed = to_device(next(parts_of(trainer.batch(1), trainer.options.accumulate)), CPU)
    with kept.counting(), trainer.autocast:
        nats, _ = trainer.losses(feed.inputs, feed.targets, feed.weights)
    nats.backward()  # type: ignore[no-untyped-call]
    for optimizer in trainer.optimizers:
        optimizer.step()
    weights = sum(_bytes(p) for p in model.parameters())
    copies = 2 if run["train"].get("ema") is None else 3  # with the gradients, and the average
    return copies * weights + sum(_bytes(t) for t in state_tensors(trainer.optimizers, model).values()) + kept.total


class _Kept:
    """Counts the storages that autograd keeps for a backward pass, those of parameters apart."""

    def __init__(self, parameters: set[int]) -> None:
        self.parameters = parameters
        # held, so that no storage is freed and its address taken by another
        self.storages: dict[int, torch.UntypedStorage] = {}

    def counting(self) -> torch.autograd.graph.saved_tensors_hooks:
        return torch.autograd.graph.saved_tensors_hooks(self._pack, lambda tensor: tensor)

    @property
    def total(self) -> int:
        return sum(storage.nbytes() for storage in self.storages.values())

    def _pack(self, tensor: Tensor) -> Tensor:
        if id(tensor) not in self.parameters:
            storage = tensor.untyped_storage()
            self.storages[storage._cdata] = storage
        return tensor


def _bytes(tensor: Tensor) -> int:
    return math.prod(tensor.shape) * tensor.element_size()
