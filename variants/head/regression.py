"""The regression head: one vector per sequence, projected to real numbers."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from catalog.types import Count, Flag
from variants.context import Context
from variants.parts import Embedding, Head, Site
from variants.pool import POOLS
from variants.registry import HEAD


@HEAD.register("regression")
class RegressionHead(Head):
    """W pool(x) + b, real numbers to be met in squared error (STS-B in Devlin et al., 2018, https://arxiv.org/abs/1810.04805).

    `n_targets` is how many there are. `pool` takes the `first` real slot, the `last` one, or the `mean` of them all.
    `bias` adds one number to each.
    """

    def __init__(
        self, site: Site, *, n_targets: Count = 1, pool: Literal["first", "last", "mean"] = "mean", bias: Flag = True
    ) -> None:
        super().__init__()
        self.project = nn.Linear(site.width, n_targets, bias=bias)
        self.pool = POOLS[pool]

    def forward(self, x_BTD: Tensor, context: Context, embedding: Embedding) -> Tensor:
        numbers_BC: Tensor = self.project(self.pool(x_BTD, context.mask_BT))
        return numbers_BC

    def flops(self, tokens: int) -> int:
        return 2 * self.project.weight.numel()
