"""Root-mean-square normalisation."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catalog.types import Flag, Positive
from variants.binding import Step, binds
from variants.context import Context
from variants.parts import Norm, Site
from variants.registry import NORM


@NORM.register("rms_norm")
class RMSNorm(Norm):
    """x / sqrt(mean(x^2) + eps) * gain (Zhang and Sennrich, 2019, https://arxiv.org/abs/1910.07467).

    `gain` says whether there is a learned gain; without it this is simple RMSNorm.
    """

    def __init__(self, site: Site, *, eps: Positive = 1e-6, gain: Flag = True) -> None:
        super().__init__()
        self.width, self.eps = site.width, eps
        self.weight = nn.Parameter(torch.ones(site.width)) if gain else None

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, (self.width,), self.weight, self.eps)

    def plain(self, x: Tensor) -> Tensor:
        y = x / (x.square().mean(-1, keepdim=True) + self.eps).sqrt()
        return y if self.weight is None else y * self.weight


@binds(RMSNorm)
def _bind(norm: RMSNorm, context: Context) -> Step:
    shape, weight, eps = (norm.width,), norm.weight, norm.eps
    return lambda x: torch.rms_norm(x, shape, weight, eps)
