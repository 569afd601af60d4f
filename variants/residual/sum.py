"""The plain residual sum, without any norm."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional as F

from catalog.types import Positive, Probability
from variants.parts import Joint, ResidualScheme, Site
from variants.registry import RESIDUAL


class SumJoint(Joint):
    """scale * (x + sum of branch(x))."""

    def __init__(self, n_branches: int, scale: float, dropout: float) -> None:
        super().__init__()
        self.n_branches, self.scale, self.dropout = n_branches, scale, dropout

    def read(self, stream: Any) -> list[Tensor]:
        return [stream] * self.n_branches

    def write(self, stream: Any, outputs: list[Tensor]) -> Any:
        for y_BTD in outputs:
            stream = stream + (F.dropout(y_BTD, self.dropout, self.training) if self.dropout else y_BTD)
        return stream if self.scale == 1.0 else stream * self.scale


@RESIDUAL.register("sum")
class Sum(ResidualScheme):
    """scale * (x + f(x)), and no norm anywhere (He et al., 2015, https://arxiv.org/abs/1512.03385).

    `scale` keeps the variance where it is sqrt(1/2) (ConvS2S, https://arxiv.org/abs/1705.03122). `dropout` acts on what
    a branch writes.
    """

    def __init__(self, site: Site, *, scale: Positive = 1.0, dropout: Probability = 0.0) -> None:
        super().__init__()
        self.scale, self.dropout = scale, dropout

    def joint(self, site: Site, n_branches: int) -> Joint:
        return SumJoint(n_branches, self.scale, self.dropout)
