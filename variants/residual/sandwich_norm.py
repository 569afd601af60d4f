"""Sandwich residuals: a norm before and a norm after every branch."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from catalog.types import Flag, Probability
from variants.parts import Joint, Norm, ResidualScheme, Site
from variants.registry import RESIDUAL


class SandwichJoint(Joint):
    """x + norm'(branch(norm(x))), with a pair of norms for each branch."""

    def __init__(self, before: list[Norm], after: list[Norm], dropout: float) -> None:
        super().__init__()
        self.before, self.after, self.dropout = nn.ModuleList(before), nn.ModuleList(after), dropout

    def read(self, stream: Any) -> list[Tensor]:
        return [norm(stream) for norm in self.before]

    def write(self, stream: Any, outputs: list[Tensor]) -> Any:
        for norm, y_BTD in zip(self.after, outputs, strict=True):
            y = norm(y_BTD)
            stream = stream + (F.dropout(y, self.dropout, self.training) if self.dropout else y)
        return stream


@RESIDUAL.register("sandwich_norm")
class SandwichNorm(ResidualScheme):
    """x + norm'(f(norm(x))) (Ding et al., 2021, https://arxiv.org/abs/2105.13290).

    `final_norm` adds one norm after the last block.
    """

    hooks = frozenset({"norm"})

    def __init__(self, site: Site, *, final_norm: Flag = True, dropout: Probability = 0.0) -> None:
        super().__init__()
        self.final_norm = site.make_norm() if final_norm else None
        self.dropout = dropout

    def joint(self, site: Site, n_branches: int) -> Joint:
        before = [site.make_norm() for _ in range(n_branches)]
        after = [site.make_norm() for _ in range(n_branches)]
        return SandwichJoint(before, after, self.dropout)

    def close(self, stream: Any) -> Tensor:
        x: Tensor = stream if self.final_norm is None else self.final_norm(stream)
        return x
