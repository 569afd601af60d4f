"""ReZero: a learned gate per branch that starts at zero, and no norm."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catalog.types import Probability
from variants.parts import Joint, ResidualScheme, Site
from variants.registry import RESIDUAL


class ReZeroJoint(Joint):
    """x + sum of alpha * branch(x), one alpha for each branch."""

    def __init__(self, n_branches: int, dropout: float) -> None:
        super().__init__()
        self.alpha, self.dropout = nn.Parameter(torch.zeros(n_branches)), dropout

    def read(self, stream: Any) -> list[Tensor]:
        return [stream] * len(self.alpha)

    def write(self, stream: Any, outputs: list[Tensor]) -> Any:
        for alpha, y_BTD in zip(self.alpha, outputs, strict=True):
            y = alpha * y_BTD
            stream = stream + (F.dropout(y, self.dropout, self.training) if self.dropout else y)
        return stream


@RESIDUAL.register("rezero")
class ReZero(ResidualScheme):
    """x + alpha * f(x), alpha learned from 0 (Bachlechner et al., 2020, https://arxiv.org/abs/2003.04887).

    Every layer is the identity at first. `dropout` acts on what a branch writes.
    """

    def __init__(self, site: Site, *, dropout: Probability = 0.0) -> None:
        super().__init__()
        self.dropout = dropout

    def joint(self, site: Site, n_branches: int) -> Joint:
        return ReZeroJoint(n_branches, self.dropout)
