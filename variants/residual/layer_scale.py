"""LayerScale: pre-norm residuals with a learned gain per channel on what a branch writes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catalog.types import Flag, Positive, Probability
from variants.parts import Joint, ResidualScheme, Site
from variants.registry import RESIDUAL


class LayerScaleJoint(Joint):
    """x + sum of gain * branch(norm(x)); branches side by side share the norm and have a gain each."""

    def __init__(self, site: Site, n_branches: int, initial: float, dropout: float) -> None:
        super().__init__()
        self.norm = site.make_norm()
        self.gains = nn.ParameterList(torch.full((site.width,), initial) for _ in range(n_branches))
        self.dropout = dropout

    def read(self, stream: Any) -> list[Tensor]:
        return [self.norm(stream)] * len(self.gains)

    def write(self, stream: Any, outputs: list[Tensor]) -> Any:
        for gain, y_BTD in zip(self.gains, outputs, strict=True):
            y = gain * y_BTD
            stream = stream + (F.dropout(y, self.dropout, self.training) if self.dropout else y)
        return stream


@RESIDUAL.register("layer_scale")
class LayerScale(ResidualScheme):
    """x + gain * f(norm(x)), gain a learned vector (Touvron et al., 2021, https://arxiv.org/abs/2103.17239).

    `initial` is the first value of every gain, in the paper a tenth up to 18 layers, 1e-5 up to 24, then 1e-6.
    `final_norm` adds one norm after the last block. `dropout` acts on what a branch writes.
    """

    hooks = frozenset({"norm"})

    def __init__(
        self, site: Site, *, initial: Positive = 0.1, final_norm: Flag = True, dropout: Probability = 0.0
    ) -> None:
        super().__init__()
        self.final_norm = site.make_norm() if final_norm else None
        self.initial, self.dropout = initial, dropout

    def joint(self, site: Site, n_branches: int) -> Joint:
        return LayerScaleJoint(site, n_branches, self.initial, self.dropout)

    def close(self, stream: Any) -> Tensor:
        x: Tensor = stream if self.final_norm is None else self.final_norm(stream)
        return x
