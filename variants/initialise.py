"""First values of a model's tensors: a rule applied to the draw that each tensor's role has."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from variants.draw import standard_normal
from variants.parts import Init


def named_tensors(model: nn.Module) -> Iterator[tuple[str, Tensor, nn.Module]]:
    """Yields (role, tensor or view, owner): a fused projection or a stack of experts gives one role per piece."""
    seen: set[int] = set()
    for path, module in model.named_modules():
        prefix = f"{path}." if path else ""
        if hasattr(module, "named_slices"):
            seen.update(id(p) for p in module.parameters(recurse=False))
            for name, view in module.named_slices():
                yield prefix + name, view, module
        for name, parameter in module.named_parameters(recurse=False):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                yield prefix + name, parameter, module


@torch.no_grad()
def initialise(model: nn.Module, rule: Init, n_layers: int, seed: int, salt: str) -> None:
    """Fills matrices and tables by `rule`, sets biases of projections to zero, and leaves what parts set themselves.

    What follows from first values, a part takes in `settle`.
    """
    for role, tensor, module in named_tensors(model):
        if role.rsplit(".", 1)[-1] in getattr(module, "fixed_init", ()):
            continue
        if tensor.dim() >= 2:
            fan_out, fan_in = tensor.shape[0], tensor[0].numel()
            noise = standard_normal(seed, salt, role, tensor.shape)
            tensor.copy_(rule.fill(noise, role, module, fan_in, fan_out, n_layers))
        elif isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d):
            tensor.zero_()
    for part in model.modules():
        if hasattr(part, "settle"):
            part.settle()  # type: ignore[operator]
