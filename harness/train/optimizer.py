"""Optimizers, the groups of parameters they hold, and the clip of the gradient's norm."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from catalog.types import Count, Flag, Positive, Probability
from harness.train.kinds import Kinds
from harness.train.roles import DECAYED, PLAIN, Roles, roles_of

Groups = list[dict[str, Any]]
FUSED = frozenset({"cuda", "cpu", "mps"})

# each takes the parameters to hold, and returns one optimizer or several that share the learning rate
OPTIMIZERS: Kinds[Any] = Kinds()


@dataclass(frozen=True)
class Held:
    """A model's parameters by role, on their way into optimizers."""

    roles: Roles
    weight_decay: float
    device: str

    @property
    def fused(self) -> bool:
        """Whether torch has one kernel here for the update of all tensors."""
        return self.device in FUSED

    def groups(self, *without: str) -> Groups:
        """Two groups at most, the decayed and the plain parameters, but for the roles in `without`."""
        decays = ((DECAYED, self.weight_decay), (PLAIN, 0.0))
        return [group for roles, decay in decays if (group := self._group(set(roles) - set(without), decay))["params"]]

    def only(self, role: str) -> Groups:
        """The parameters of one decayed role."""
        return [self._group({role}, self.weight_decay)]

    def _group(self, roles: set[str], decay: float) -> dict[str, Any]:
        held = [parameter for role in self.roles if role in roles for parameter in self.roles[role].values()]
        return {"params": held, "weight_decay": decay}


@OPTIMIZERS.register("adamw")
def adamw(
    held: Held, *, beta1: Probability = 0.9, beta2: Probability = 0.95, eps: Positive = 1e-8
) -> list[torch.optim.Optimizer]:
    """Adam with decoupled decay (Loshchilov and Hutter, 2019, https://arxiv.org/abs/1711.05101)."""
    return [torch.optim.AdamW(held.groups(), lr=0.0, betas=(beta1, beta2), eps=eps, fused=held.fused)]


@OPTIMIZERS.register("muon")
def muon(
    held: Held,
    *,
    momentum: Probability = 0.95,
    nesterov: Flag = True,
    ns_steps: Count = 5,
    beta1: Probability = 0.9,
    beta2: Probability = 0.95,
    eps: Positive = 1e-8,
) -> list[torch.optim.Optimizer]:
    """Orthogonalised momentum for hidden matrices, AdamW for all else.

    By Jordan (2024, https://kellerjordan.github.io/posts/muon). One learning rate serves both: an update is scaled to
    the size of AdamW's (https://arxiv.org/abs/2502.16982).
    """
    matrices = torch.optim.Muon(
        held.only("matrix"),
        lr=0.0,
        momentum=momentum,
        nesterov=nesterov,
        ns_steps=ns_steps,
        adjust_lr_fn="match_rms_adamw",
    )
    rest = torch.optim.AdamW(held.groups("matrix"), lr=0.0, betas=(beta1, beta2), eps=eps, fused=held.fused)
    return [matrices, rest]


@OPTIMIZERS.register("sgd")
def sgd(held: Held, *, momentum: Probability = 0.9, nesterov: Flag = False) -> list[torch.optim.Optimizer]:
    """Stochastic gradient descent with momentum."""
    return [torch.optim.SGD(held.groups(), lr=0.0, momentum=momentum, nesterov=nesterov, fused=held.fused)]


def make_optimizers(
    model: nn.Module, part: dict[str, Any], weight_decay: float, device: str
) -> list[torch.optim.Optimizer]:
    """The optimizers of `part` over the model's parameters, decay on the decayed ones alone."""
    optimizers: list[torch.optim.Optimizer] = OPTIMIZERS.call(part, Held(roles_of(model), weight_decay, device))
    return optimizers


def clip_gradients(parameters: Iterable[nn.Parameter], limit: float) -> None:
    """Scales all gradients so that their joint norm is at most `limit`; no wait for the device."""
    gradients: list[Tensor] = [p.grad for p in parameters if p.grad is not None]
    norms = torch._foreach_norm(gradients)
    scale = (limit / (torch.linalg.vector_norm(torch.stack(norms)) + 1e-6)).clamp_(max=1.0)
    torch._foreach_mul_(gradients, scale)
