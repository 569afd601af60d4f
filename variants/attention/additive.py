"""Additive attention of a stack over itself."""

from __future__ import annotations

from torch import Tensor

from catalog.types import Count, Probability, VisibilityPart
from variants.additive import AdditiveHeads, head_width, split_heads
from variants.biases import Bias, biased
from variants.conjunction import both
from variants.context import Context
from variants.keep import keep
from variants.matrices import matrix_numbers
from variants.parts import Mixer, Site, Visibility
from variants.projections import OutputLinear, SlicedLinear
from variants.registry import ATTENTION


@ATTENTION.register("additive", n_heads=4, d_head=6)
class AdditiveAttention(Mixer):
    """softmax(w . tanh(W x_i + U x_j)) V x_j (scores of Bahdanau et al., 2014, https://arxiv.org/abs/1409.0473).

    `n_heads` is the number of heads, each with a w of its own. `d_head` is the width of a head, d_model / n_heads by
    default. `bias` names the projections that have one. `visibility` narrows the stack's for this branch.

    Raises:
        ValueError: the heads do not divide the width.
    """

    hooks = frozenset({"embed"})

    def __init__(
        self,
        site: Site,
        *,
        n_heads: Count,
        d_head: Count | None = None,
        bias: Bias = "none",
        visibility: VisibilityPart | None = None,
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        self.d_head = head_width(site.width, n_heads, d_head)
        inner = n_heads * self.d_head
        self.qkv = SlicedLinear(site.width, {"q": inner, "k": inner, "v": inner}, biased(bias))
        self.heads = AdditiveHeads(n_heads, self.d_head, dropout)
        self.o = OutputLinear(inner, site.width, bias="o" in biased(bias))
        self.visibility = both(site.visibility, site.part("visibility", visibility))

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        q, k, v = (split_heads(y, self.d_head) for y in self.qkv(x_BTD))
        k, v = keep(k, v, self.visibility, context)
        out: Tensor = self.o(self.heads(q, k, v, context.mask(self.visibility), context))
        return out

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        q, k, v = (split_heads(y, self.d_head) for y in self.qkv(x_BTD))
        out: Tensor = self.o(self.heads.plain(q, k, v, context.mask(self.visibility)))
        return out

    def flops(self, tokens: int, pairs: int) -> int:
        return 2 * tokens * matrix_numbers(self.qkv, self.o) + 4 * pairs * self.o.weight.shape[1]

    def sees(self) -> Visibility:
        return self.visibility
