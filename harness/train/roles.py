"""The roles of a model's tensors in training: which ones weight decay shrinks, and which an optimizer treats apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from variants.parts import Head, Norm, Position

Roles = dict[str, dict[str, nn.Parameter]]  # by role, and there by name

# what maps one vector to another; a stack holds several maps in one tensor: experts, convolutions
DECAYED = ("matrix", "head", "stack")
PLAIN = ("table", "position", "norm", "bias", "other")
OF_A_MODULE = {nn.Embedding: "table", Position: "position", Norm: "norm"}


def roles_of(model: nn.Module) -> Roles:
    """Every parameter under its one role; a tied one counts where it comes first."""
    roles: Roles = {role: {} for role in (*DECAYED, *PLAIN)}
    spared = {id(p): role for role, p in _of_modules(model)}
    heads = {id(p) for module in model.modules() if isinstance(module, Head) for p in module.parameters()}
    for name, parameter in model.named_parameters():
        role = spared.get(id(parameter)) or _role(name, parameter, id(parameter) in heads)
        roles[role][name] = parameter
    return roles


def _of_modules(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    for module in model.modules():
        for sort, role in OF_A_MODULE.items():
            if isinstance(module, sort):
                yield from ((role, parameter) for parameter in module.parameters())


def _role(name: str, parameter: Tensor, in_head: bool) -> str:
    attribute = name.rpartition(".")[2]
    if attribute.endswith("bias"):
        return "bias"
    # a matrix by another name is a table of decays, thresholds or the like, and maps nothing
    if attribute != "weight" or parameter.ndim < 2:
        return "other"
    if in_head:
        return "head"
    return "matrix" if parameter.ndim == 2 else "stack"


def groups_of(optimizers: list[Any], model: nn.Module) -> list[dict[str, Any]]:
    """What each group of each optimizer holds: its decay, and tensors and parameters by role."""
    role_of = {id(p): role for role, named in roles_of(model).items() for p in named.values()}
    return [
        {
            "optimizer": type(optimizer).__name__,
            "weight_decay": group["weight_decay"],
            "roles": _counted([(role_of[id(p)], p) for p in group["params"]]),
        }
        for optimizer in optimizers
        for group in optimizer.param_groups
    ]


def _counted(held: list[tuple[str, Tensor]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for role, parameter in held:
        count = found.setdefault(role, {"tensors": 0, "parameters": 0})
        count["tensors"] += 1
        count["parameters"] += parameter.numel()
    return found
