"""Two classifiers, one of the class token and one of the distillation token, averaged."""

from __future__ import annotations

from torch import Tensor, nn

from catalog.types import Count, Flag
from variants.context import Context
from variants.parts import Embedding, Head, Site
from variants.pool import first, second
from variants.registry import HEAD


@HEAD.register("distilled", n_classes=5)
class DistilledHead(Head):
    """(W x_0 + b + V x_1 + c) / 2 of the first two real slots (Touvron et al., 2020, https://arxiv.org/abs/2012.12877).

    `n_classes` is the number of logits. `bias` adds one number per class to both classifiers.
    """

    def __init__(self, site: Site, *, n_classes: Count, bias: Flag = True) -> None:
        super().__init__()
        self.project = nn.Linear(site.width, n_classes, bias=bias)
        self.distilled = nn.Linear(site.width, n_classes, bias=bias)

    def forward(self, x_BTD: Tensor, context: Context, embedding: Embedding) -> Tensor:
        real_BT = context.mask_BT
        logits_BC: Tensor = self.project(first(x_BTD, real_BT)) + self.distilled(second(x_BTD, real_BT))
        return logits_BC / 2

    def flops(self, tokens: int) -> int:
        return 2 * (self.project.weight.numel() + self.distilled.weight.numel())
