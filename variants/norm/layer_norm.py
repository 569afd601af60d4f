"""Layer normalisation, with or without gain and bias."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from catalog.types import Flag, Positive
from variants.binding import Step, binds
from variants.context import Context
from variants.parts import Norm, Site
from variants.registry import NORM


@NORM.register("layer_norm")
class LayerNorm(Norm):
    """(x - mean) / sqrt(var + eps) * gain + bias (Ba et al., 2016, https://arxiv.org/abs/1607.06450).

    `gain` and `bias` say whether each is learned.
    """

    def __init__(self, site: Site, *, eps: Positive = 1e-5, gain: Flag = True, bias: Flag = True) -> None:
        super().__init__()
        self.width, self.eps = site.width, eps
        self.weight = nn.Parameter(torch.ones(site.width)) if gain else None
        self.bias = nn.Parameter(torch.zeros(site.width)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        # not of `functional`, which looks for a cuDNN first
        return torch.layer_norm(x, (self.width,), self.weight, self.bias, self.eps)

    def plain(self, x: Tensor) -> Tensor:
        away = x - x.mean(-1, keepdim=True)
        y = away / (away.square().mean(-1, keepdim=True) + self.eps).sqrt()
        y = y if self.weight is None else y * self.weight
        return y if self.bias is None else y + self.bias


@binds(LayerNorm)
def _bind(norm: LayerNorm, context: Context) -> Step:
    shape, weight, bias, eps = (norm.width,), norm.weight, norm.bias, norm.eps
    return lambda x: torch.layer_norm(x, shape, weight, bias, eps)
