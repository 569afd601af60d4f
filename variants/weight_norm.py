"""Weight normalisation: the length of each row of a matrix, or filter, is learned apart from its direction."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def lengths(weight: Tensor) -> Tensor:
    """The length of each row, all its dimensions taken together."""
    found: Tensor = torch.linalg.vector_norm(weight.flatten(1), dim=1)
    return found


def normed(weight: Tensor, gain: Tensor) -> Tensor:
    """g v / |v| for each row v (Salimans and Kingma, 2016, https://arxiv.org/abs/1602.07868)."""
    return weight * (gain / lengths(weight)).reshape(-1, *(1,) * (weight.dim() - 1))


class NormedLinear(nn.Linear):
    """A projection whose rows have gains; at first these are the rows' own lengths, so that nothing changes."""

    fixed_init: ClassVar[frozenset[str]] = frozenset({"gain"})

    def __init__(self, d_in: int, d_out: int) -> None:
        super().__init__(d_in, d_out)
        self.gain = nn.Parameter(torch.ones(d_out))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, normed(self.weight, self.gain), self.bias)

    def settle(self) -> None:
        """Takes the lengths that first values have."""
        self.gain.copy_(lengths(self.weight))
