"""The state of optimizers as named tensors, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn


def state_tensors(optimizers: Iterable[torch.optim.Optimizer], model: nn.Module) -> dict[str, Tensor]:
    """{parameter/key: tensor} for every state tensor of every parameter; each has one optimizer."""
    named = {id(p): name for name, p in model.named_parameters()}
    return {
        f"{named[id(parameter)]}/{key}": value
        for optimizer in optimizers
        for parameter, state in optimizer.state.items()
        for key, value in state.items()
        if isinstance(value, Tensor)
    }


def put_state(optimizers: Iterable[torch.optim.Optimizer], model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Gives optimizers that were just built the state that `state_tensors` took."""
    parameters = dict(model.named_parameters())
    for optimizer in optimizers:
        order = {id(p): i for i, p in enumerate(p for group in optimizer.param_groups for p in group["params"])}
        state: dict[int, dict[str, Any]] = {}
        for name, tensor in tensors.items():
            parameter, _, key = name.rpartition("/")
            if (place := order.get(id(parameters[parameter]))) is not None:
                state.setdefault(place, {})[key] = tensor
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
