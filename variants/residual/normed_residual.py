"""Residuals from the normalised stream: what a branch reads is also what it is added to."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional as F

from catalog.types import Flag, Positive, Probability
from variants.parts import Joint, Norm, ResidualScheme, Site
from variants.registry import RESIDUAL


class NormedResidualJoint(Joint):
    """keep * norm(x) + scale * sum of branch(norm(x))."""

    def __init__(self, norm: Norm, n_branches: int, keep: float, scale: float, dropout: float) -> None:
        super().__init__()
        self.norm, self.n_branches = norm, n_branches
        self.keep, self.scale, self.dropout = keep, scale, dropout

    def read(self, stream: Any) -> list[Tensor]:
        return [self.norm(stream)] * self.n_branches

    def write(self, stream: Any, outputs: list[Tensor]) -> Any:
        kept = self.norm(stream) * self.keep
        for y_BTD in outputs:
            y = F.dropout(y_BTD, self.dropout, self.training) if self.dropout else y_BTD
            kept = kept + y * self.scale
        return kept


@RESIDUAL.register("normed_residual")
class NormedResidual(ResidualScheme):
    """keep * norm(x) + scale * f(norm(x)) (BLOOM's option and MiniMax-01, 2025, https://arxiv.org/abs/2501.08313).

    `keep` multiplies the normalised stream. `scale` multiplies what a branch writes. `final_norm` adds one norm after
    the last block. `dropout` acts on what a branch writes.
    """

    hooks = frozenset({"norm"})

    def __init__(
        self,
        site: Site,
        *,
        keep: Positive = 1.0,
        scale: Positive = 1.0,
        final_norm: Flag = True,
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        self.final_norm = site.make_norm() if final_norm else None
        self.keep, self.scale, self.dropout = keep, scale, dropout

    def joint(self, site: Site, n_branches: int) -> Joint:
        return NormedResidualJoint(site.make_norm(), n_branches, self.keep, self.scale, self.dropout)

    def close(self, stream: Any) -> Tensor:
        x: Tensor = stream if self.final_norm is None else self.final_norm(stream)
        return x
