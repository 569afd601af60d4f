"""An optimizer's state as named tensors, and back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def state_tensors(optimizer: torch.optim.Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """{parameter/key: tensor} for every state tensor of every parameter."""
    named = {id(p): name for name, p in model.named_parameters()}
    return {
        f"{named[id(parameter)]}/{key}": value
        for parameter, state in optimizer.state.items()
        for key, value in state.items()
        if isinstance(value, Tensor)
    }


def put_state(optimizer: torch.optim.Optimizer, model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Gives an optimizer that was just built the state that `state_tensors` took."""
    parameters = dict(model.named_parameters())
    order = {id(p): i for i, p in enumerate(p for group in optimizer.param_groups for p in group["params"])}
    state: dict[int, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        parameter, _, key = name.rpartition("/")
        state.setdefault(order[id(parameters[parameter])], {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
