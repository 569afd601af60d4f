"""Two classifiers, one of the class token and one of the distillation token, averaged."""

from __future__ import annotations

from torch import Tensor, nn

from catalog.types import Count, Flag
from variants.context import Context
from variants.parts import Embedding, Head, Site
from variants.registry import HEAD


@HEAD.register("distilled", n_classes=5)
class DistilledHead(Head):
    """(W x_0 + b + V x_1 + c) / 2 of the first two slots (Touvron et al., 2020, https://arxiv.org/abs/2012.12877).

    `n_classes` is the number of logits. `bias` adds one number per class to both classifiers.

    Raises:
        ValueError: the embedding puts no two slots of its own before the input's.
    """

    def __init__(self, site: Site, *, n_classes: Count, bias: Flag = True) -> None:
        super().__init__()
        if site.own_slots < 2:
            told = f"distilled reads two slots of the embedding's own, and it puts {site.own_slots} before the input"
            raise ValueError(f"{told}; allowed: patch with distillation_token=True")
        self.project = nn.Linear(site.width, n_classes, bias=bias)
        self.distilled = nn.Linear(site.width, n_classes, bias=bias)

    def forward(self, x_BTD: Tensor, context: Context, embedding: Embedding) -> Tensor:
        logits_BC: Tensor = self.project(x_BTD[:, 0]) + self.distilled(x_BTD[:, 1])
        return logits_BC / 2

    def flops(self, tokens: int) -> int:
        return 2 * (self.project.weight.numel() + self.distilled.weight.numel())
