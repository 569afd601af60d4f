"""The classification head: one vector per sequence, projected to the classes."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from catalog.types import Count, Flag
from variants.context import Context
from variants.parts import Embedding, Head, Site
from variants.pool import POOLS
from variants.registry import HEAD


@HEAD.register("classifier", n_classes=5)
class ClassifierHead(Head):
    """W pool(x) + b, with one logit per class (Devlin et al., 2018, https://arxiv.org/abs/1810.04805).

    `n_classes` is the number of logits. `pool` takes the `first` real slot, the `last` one, or the `mean` of them all.
    `bias` adds one number per class.
    """

    def __init__(
        self, site: Site, *, n_classes: Count, pool: Literal["first", "last", "mean"] = "mean", bias: Flag = True
    ) -> None:
        super().__init__()
        self.project = nn.Linear(site.width, n_classes, bias=bias)
        self.pool = POOLS[pool]

    def forward(self, x_BTD: Tensor, context: Context, embedding: Embedding) -> Tensor:
        logits_BC: Tensor = self.project(self.pool(x_BTD, context.mask_BT))
        return logits_BC

    def flops(self, tokens: int) -> int:
        return 2 * self.project.weight.numel()
