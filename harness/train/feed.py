"""From a task's numpy batches to the device's tensors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness.tasks.task import Array, Batch


@dataclass(frozen=True)
class Feed:
    """A batch on the device; `weight` is the sum of its weights, known without asking the device."""

    inputs: dict[str, Any]
    targets: Tensor
    weights: Tensor
    weight: float


def to_device(batch: Batch, device: torch.device) -> Feed:
    """Moves a batch to the device, without waiting for the copy."""
    return Feed(
        {name: _tensor(array, device) for name, array in batch.inputs.items()},
        _tensor(batch.targets, device),
        _tensor(batch.weights, device),
        float(batch.weights.sum(dtype=np.float64)),
    )


def parts_of(batch: Batch, count: int) -> Iterator[Batch]:
    """Cuts a batch along its rows into `count` equal parts."""
    if count == 1:
        yield batch
        return
    rows = len(batch.targets) // count
    for start in range(0, rows * count, rows):
        part = slice(start, start + rows)
        inputs = {name: array[part] for name, array in batch.inputs.items()}
        yield Batch(inputs, batch.targets[part], batch.weights[part])


def tokens_read(batch: Batch) -> int:
    """How many real tokens the model reads in this batch, source and target."""
    total = 0
    for name, mask in (("tokens", "padding_mask"), ("source", "source_padding_mask")):
        if mask in batch.inputs:
            total += int(np.count_nonzero(batch.inputs[mask]))
        elif name in batch.inputs:
            total += batch.inputs[name].shape[0] * batch.inputs[name].shape[1]
    return total


def _tensor(array: Array, device: torch.device) -> Tensor:
    tensor = torch.from_numpy(np.ascontiguousarray(array))
    if device.type == "cuda":
        # pinned memory lets the copy run beside the kernels
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
