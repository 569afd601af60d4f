"""Optimizers, the parameters they decay, and the clip of the gradient's norm."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from catalog.types import Flag, Positive, Probability
from harness.train.kinds import Kinds
from variants.parts import Norm, Position

Groups = list[dict[str, Any]]
FUSED = frozenset({"cuda", "cpu", "mps"})
SPARED = (nn.Embedding, Position, Norm)

OPTIMIZERS: Kinds[Any] = Kinds()


@OPTIMIZERS.register("adamw")
def adamw(
    groups: Groups, device: str, *, beta1: Probability = 0.9, beta2: Probability = 0.95, eps: Positive = 1e-8
) -> torch.optim.Optimizer:
    """Adam with decoupled decay (Loshchilov and Hutter, 2019, https://arxiv.org/abs/1711.05101)."""
    return torch.optim.AdamW(groups, lr=0.0, betas=(beta1, beta2), eps=eps, fused=device in FUSED)


@OPTIMIZERS.register("sgd")
def sgd(groups: Groups, device: str, *, momentum: Probability = 0.9, nesterov: Flag = False) -> torch.optim.Optimizer:
    """Stochastic gradient descent with momentum."""
    return torch.optim.SGD(groups, lr=0.0, momentum=momentum, nesterov=nesterov, fused=device in FUSED)


def split_by_role(model: nn.Module) -> dict[str, list[str]]:
    """Names of the parameters that weight decay shrinks (`decayed`) and of those it leaves alone (`plain`).

    Tensors of two dimensions or more are decayed, unless they are biases, lookup tables, or belong to a norm or a
    position scheme.
    """
    roles: dict[str, list[str]] = {"decayed": [], "plain": []}
    spared = {id(p) for module in model.modules() if isinstance(module, SPARED) for p in module.parameters()}
    for name, parameter in model.named_parameters():
        decayed = parameter.ndim >= 2 and id(parameter) not in spared and not name.endswith("bias")
        roles["decayed" if decayed else "plain"].append(name)
    return roles


def make_optimizer(model: nn.Module, part: dict[str, Any], weight_decay: float, device: str) -> torch.optim.Optimizer:
    """The optimizer of `part` over the model's parameters, decay on the decayed ones alone."""
    roles, parameters = split_by_role(model), dict(model.named_parameters())
    decays = {"decayed": weight_decay, "plain": 0.0}
    groups = [
        {"params": [parameters[name] for name in names], "weight_decay": decays[role]}
        for role, names in roles.items()
        if names
    ]
    optimizer: torch.optim.Optimizer = OPTIMIZERS.call(part, groups, device)
    return optimizer


def clip_gradients(parameters: Iterable[nn.Parameter], limit: float) -> None:
    """Scales all gradients so that their joint norm is at most `limit`; no wait for the device."""
    gradients: list[Tensor] = [p.grad for p in parameters if p.grad is not None]
    norms = torch._foreach_norm(gradients)
    scale = (limit / (torch.linalg.vector_norm(torch.stack(norms)) + 1e-6)).clamp_(max=1.0)
    torch._foreach_mul_(gradients, scale)
