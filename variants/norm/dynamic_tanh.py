"""Dynamic tanh: a learned squashing in place of a norm."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from catalog.types import Positive
from variants.parts import Norm, Site
from variants.registry import NORM


@NORM.register("dynamic_tanh")
class DynamicTanh(Norm):
    """gain * tanh(alpha * x) + bias, alpha one learned number (Zhu et al., 2025, https://arxiv.org/abs/2503.10622).

    No statistics of x are taken. `alpha` is its first value.
    """

    is_plain = "one line of arithmetic, as in the paper"

    def __init__(self, site: Site, *, alpha: Positive = 0.5) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor(float(alpha)))
        self.weight, self.bias = nn.Parameter(torch.ones(site.width)), nn.Parameter(torch.zeros(site.width))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * torch.tanh(self.alpha * x) + self.bias
