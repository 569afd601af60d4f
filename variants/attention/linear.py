"""Linear attention: a feature map in place of softmax, so that the past is a sum of fixed size."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from catalog.types import Count
from variants.biases import Bias, biased
from variants.context import Context
from variants.linear_attend import chunked, everything, no_sums, quadratic
from variants.matrices import matrix_numbers
from variants.parts import Mixer, Site, Visibility
from variants.projections import OutputLinear, SlicedLinear
from variants.registry import ATTENTION


@ATTENTION.register("linear", n_heads=4, d_head=6)
class LinearAttention(Mixer):
    """phi(q) sum phi(k) v / phi(q) sum phi(k), phi = elu + 1 (Katharopoulos et al., 2020, https://arxiv.org/abs/2006.16236).

    Exact in time linear in the tokens, with a decoding state of fixed size. `n_heads` heads have sums of their own.
    `d_head` is the width of a head, d_model / n_heads by default. `bias` names the projections that have one.

    Raises:
        ValueError: the heads do not divide the width, or the stack's visibility is neither full nor causal.
    """

    hooks = frozenset({"embed"})

    def __init__(self, site: Site, *, n_heads: Count, d_head: Count | None = None, bias: Bias = "none") -> None:
        super().__init__()
        if d_head is None and site.width % n_heads:
            raise ValueError(f"n_heads={n_heads} does not divide d_model={site.width}; give d_head or another n_heads")
        self.visibility = _summable(site)
        self.d_head = d_head or site.width // n_heads
        inner = n_heads * self.d_head
        self.qkv = SlicedLinear(site.width, {"q": inner, "k": inner, "v": inner}, biased(bias))
        self.o = OutputLinear(inner, site.width, bias="o" in biased(bias))
        self.n_heads = n_heads

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        q, k, v = (y.unflatten(-1, (-1, self.d_head)).transpose(1, 2) for y in self.qkv(x_BTD))
        # float32: sums over thousands of tokens outgrow 8 bits
        exact = torch.promote_types(q.dtype, torch.float32)
        q, k, v = F.elu(q.to(exact)) + 1, F.elu(k.to(exact)) + 1, v.to(exact)
        if context.mask_BT is not None:
            k = k * context.mask_BT[:, None, :, None]
        y_BHTK = everything(q, k, v) if self.visibility.is_full else self._causal(q, k, v, context)
        out: Tensor = self.o(y_BHTK.transpose(1, 2).flatten(2).to(x_BTD.dtype))
        return out

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        q, k, v = (y.unflatten(-1, (-1, self.d_head)).transpose(1, 2) for y in self.qkv(x_BTD))
        q, k = F.elu(q) + 1, F.elu(k) + 1
        if context.mask_BT is not None:
            k = k * context.mask_BT[:, None, :, None]
        out: Tensor = self.o(quadratic(q, k, v, not self.visibility.is_full).transpose(1, 2).flatten(2))
        return out

    def _causal(self, q: Tensor, k: Tensor, v: Tensor, context: Context) -> Tensor:
        slot = context.slot(lambda _: no_sums(q, v))
        y_BHTK, sums = chunked(q, k, v, no_sums(q, v) if slot is None else slot)
        if slot is not None:
            slot.update(sums)
        return y_BHTK

    def flops(self, tokens: int, pairs: int) -> int:
        """Of the recurrent form: each token adds one outer product and reads the sum, whatever `pairs` is."""
        return 2 * tokens * (matrix_numbers(self.qkv, self.o) + 2 * self.n_heads * self.d_head * (self.d_head + 1))

    def sees(self) -> Visibility:
        return self.visibility


def _summable(site: Site) -> Visibility:
    """The stack's visibility, where one running sum can serve it."""
    visibility = site.visibility
    if visibility is None or not (visibility.is_full or visibility.is_causal):
        raise ValueError(
            f"linear attention keeps one sum over the past, and the {site.stack}'s visibility would need to take "
            "slots out of it or look ahead; allowed: full, causal"
        )
    return visibility
