"""Alignment of two sentences, each token compared with what it is aligned to."""

from __future__ import annotations

import torch
from torch import Tensor

from catalog.types import Count, Probability
from variants.context import Context
from variants.matrices import matrix_numbers
from variants.parts import Mixer, Site, Visibility
from variants.past import both_ways
from variants.projections import OutputLinear
from variants.registry import ATTENTION
from variants.relu_layers import ReluLayers
from variants.scores import softmax_over


@ATTENTION.register("decomposable", d_hidden=10)
class DecomposableAttention(Mixer):
    """G([x_i; sum_j softmax(F(x_i) . F(x_j)) x_j]), j in the other sentence (https://arxiv.org/abs/1606.01933).

    F and G are two ReLU layers each (Parikh et al., 2016). A sentence is what `segments` tells apart; a row that is all
    one sentence is aligned with itself. `d_hidden` is the width of F and of the hidden layer of G, d_model by default.
    `dropout` acts on what each layer reads.

    Raises:
        ValueError: the stack hides some slots from others.
    """

    n_segments = 2

    def __init__(self, site: Site, *, d_hidden: Count | None = None, dropout: Probability = 0.0) -> None:
        super().__init__()
        hidden = d_hidden or site.width
        self.visibility = both_ways(site, "decomposable")
        self.align = ReluLayers(site.width, hidden, hidden, dropout)
        self.compare = ReluLayers(2 * site.width, hidden, site.width, dropout, OutputLinear)
        self.per_pair = hidden + site.width

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        f_BTF = self.align(x_BTD)
        weights_BTS = softmax_over(f_BTF @ f_BTF.mT, self._others(x_BTD, context))
        context.capture("attention", weights_BTS[:, None])
        compared: Tensor = self.compare(torch.cat([x_BTD, weights_BTS @ x_BTD], -1))
        return compared

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        """Token by token, which each row's real ones are aligned with."""
        y_BTD, segments = torch.zeros_like(x_BTD), context.segments_BT
        for row, x_TD in enumerate(x_BTD):
            real = [t for t in range(len(x_TD)) if context.mask_BT is None or context.mask_BT[row, t]]
            for i in real:
                others = [j for j in real if segments is not None and segments[row, j] != segments[row, i]] or real
                scores = torch.stack([self.align(x_TD[i]) @ self.align(x_TD[j]) for j in others])
                y_BTD[row, i] = self.compare(torch.cat([x_TD[i], scores.softmax(0) @ x_TD[others]]))
        return y_BTD

    def _others(self, x_BTD: Tensor, context: Context) -> Tensor:
        """The real tokens of the other sentence, (B, T, S); those of the own where there is no other."""
        batch, tokens = x_BTD.shape[:2]
        real_BTS = torch.ones(batch, tokens, tokens, dtype=torch.bool, device=x_BTD.device)
        if context.mask_BT is not None:
            real_BTS = real_BTS & context.mask_BT[:, None]
        if context.segments_BT is None:
            return real_BTS
        other_BTS = real_BTS & (context.segments_BT[:, :, None] != context.segments_BT[:, None])
        return torch.where(other_BTS.any(-1, keepdim=True), other_BTS, real_BTS)

    def flops(self, tokens: int, pairs: int) -> int:
        return 2 * (tokens * matrix_numbers(self) + pairs * self.per_pair)

    def sees(self) -> Visibility:
        return self.visibility
