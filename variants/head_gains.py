"""Gains of each head's own, in place of one vector that all heads share."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from variants.projections import Slice


class HeadGains(nn.Module):
    """x_BHTK times one gain for each number of each head."""

    def __init__(self, n_heads: int, width: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        # flat: gains are no matrix, so that they start at one and do not decay
        self.weight = nn.Parameter(torch.ones(n_heads * width))

    def forward(self, x_BHTK: Tensor) -> Tensor:
        return x_BHTK * self.weight.view(self.n_heads, 1, -1)

    def named_slices(self) -> Iterator[Slice]:
        """Yields (`number.weight`, view) for each head."""
        for i, view in enumerate(self.weight.view(self.n_heads, -1)):
            yield f"{i}.weight", view
