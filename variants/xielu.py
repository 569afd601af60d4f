"""xIELU: an activation with two learned numbers."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LINEAR = 0.5  # the slope at zero, from both sides
NEAR_ZERO = -1e-6  # expm1 has no use for less: its gradient there is the slope


class XIELU(nn.Module):
    """p x^2 + x/2 above zero, n (e^x - 1 - x) + x/2 below (Huang and Schlag, 2024, https://arxiv.org/abs/2411.13010).

    p = softplus(`alpha_p`) and n = 1/2 + softplus(`alpha_n`) are learned; both are 0.8 at first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.alpha_p = nn.Parameter(torch.full((1,), math.log(math.expm1(0.8))))
        self.alpha_n = nn.Parameter(torch.full((1,), math.log(math.expm1(0.8 - LINEAR))))

    def forward(self, x: Tensor) -> Tensor:
        above, below = F.softplus(self.alpha_p), LINEAR + F.softplus(self.alpha_n)
        bent = torch.where(x > 0, above * x * x, below * (torch.expm1(x.clamp_max(NEAR_ZERO)) - x))
        return bent + LINEAR * x
