"""A classifier of sentence pairs: each sentence is summed, and both sums are read together."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from catalog.types import Count, Probability
from variants.context import Context
from variants.matrices import matrix_numbers
from variants.parts import Embedding, Head, Site
from variants.registry import HEAD
from variants.relu_layers import ReluLayers


@HEAD.register("pair", n_classes=3, d_hidden=10)
class PairHead(Head):
    """W H([sum of segment 0; sum of segment 1]) + b (Parikh et al., 2016, https://arxiv.org/abs/1606.01933).

    H is two ReLU layers. Without segments all tokens are of the first. `n_classes` is the number of logits. `d_hidden`
    is the width of H, d_model by default. `dropout` acts on what each of its layers reads.
    """

    n_segments = 2

    def __init__(
        self, site: Site, *, n_classes: Count, d_hidden: Count | None = None, dropout: Probability = 0.0
    ) -> None:
        super().__init__()
        hidden = d_hidden or site.width
        self.layers = ReluLayers(2 * site.width, hidden, hidden, dropout)
        self.project = nn.Linear(hidden, n_classes)

    def forward(self, x_BTD: Tensor, context: Context, embedding: Embedding) -> Tensor:
        real_BT = torch.ones_like(x_BTD[..., 0]) if context.mask_BT is None else context.mask_BT.to(x_BTD.dtype)
        second_BT = torch.zeros_like(real_BT) if context.segments_BT is None else (context.segments_BT == 1) * real_BT
        sums = [torch.einsum("btd,bt->bd", x_BTD, each) for each in (real_BT - second_BT, second_BT)]
        logits_BC: Tensor = self.project(self.layers(torch.cat(sums, -1)))
        return logits_BC

    def flops(self, tokens: int) -> int:
        return 2 * matrix_numbers(self)
