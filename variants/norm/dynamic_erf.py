"""Dynamic erf: a squashing function in place of a norm."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from catalog.types import Positive
from variants.parts import Norm, Site
from variants.registry import NORM


@NORM.register("dynamic_erf")
class DynamicErf(Norm):
    """gain * erf(alpha x + shift) + bias (Derf, Chen et al., 2025, https://arxiv.org/abs/2512.10938).

    alpha and shift are one learned number each, gain and bias one per channel; no statistics are taken. `alpha` is the
    first value of alpha.
    """

    is_plain = "one line of arithmetic, as in the paper"
    fixed_init: ClassVar[frozenset[str]] = frozenset({"alpha", "shift", "weight", "bias"})

    def __init__(self, site: Site, *, alpha: Positive = 0.5) -> None:
        super().__init__()
        self.alpha, self.shift = nn.Parameter(torch.tensor(alpha)), nn.Parameter(torch.zeros(()))
        self.weight, self.bias = nn.Parameter(torch.ones(site.width)), nn.Parameter(torch.zeros(site.width))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.weight * torch.erf(self.alpha * x + self.shift) + self.bias
        return y
