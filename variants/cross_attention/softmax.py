"""Softmax attention of a decoder over the encoder's output."""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional as F

from catalog.types import Count, Positive, Probability
from variants.attend import Scores, masked_attend, plain_attend
from variants.biases import Bias, biased
from variants.binding import Step, binds, weights_of
from variants.context import Context
from variants.parts import Mixer, Position, Site
from variants.projections import OutputLinear, SlicedLinear
from variants.registry import CROSS_ATTENTION

SHIFT = "softmax does not change when one number is added to all scores of a query"


@CROSS_ATTENTION.register("softmax", n_heads=4, n_kv_heads=2, d_head=6)
class SoftmaxCrossAttention(Mixer):
    """Encoder-decoder attention (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762).

    Queries come from the decoder, keys and values from the memory. `n_heads` is the number of query heads.
    `n_kv_heads` heads of keys and values serve them in groups, one each by default. `d_head` is the width of a head,
    d_model / n_heads by default. `bias` names the projections that have one. `scale` multiplies q.k, 1/sqrt(d_head) by
    default. `softcap` c turns a score s into c*tanh(s/c). While decoding, keys and values of the memory are computed
    once.

    Raises:
        ValueError: the stack has no memory, or the head counts do not divide.
    """

    def __init__(
        self,
        site: Site,
        *,
        n_heads: Count,
        n_kv_heads: Count | None = None,
        d_head: Count | None = None,
        bias: Bias = "none",
        scale: Positive | None = None,
        softcap: Positive | None = None,
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        if site.d_memory is None:
            raise ValueError("cross_attention needs an encoder; this model has none")
        self.n_heads, self.n_kv_heads = n_heads, n_kv_heads or n_heads
        self.d_head = d_head or site.width // n_heads
        if (d_head is None and site.width % n_heads) or n_heads % self.n_kv_heads:
            raise ValueError(f"n_heads={n_heads} must divide d_model={site.width} and be a multiple of n_kv_heads")
        self.q = nn.Linear(site.width, n_heads * self.d_head, bias="q" in biased(bias))
        widths = {"k": self.n_kv_heads * self.d_head, "v": self.n_kv_heads * self.d_head}
        self.kv = SlicedLinear(site.d_memory, widths, biased(bias))
        self.o = OutputLinear(n_heads * self.d_head, site.width, bias="o" in biased(bias))
        self.given_scale, self.scale = scale, scale or self.d_head**-0.5
        self.softcap, self.dropout = softcap, dropout

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        q_BHTK = self._heads(self.q(x_BTD))
        slot = context.slot(lambda _: self._memory(context))
        kv = slot if slot is not None else self._memory(context)
        scores = Scores(self.scale, self.softcap, None, self.dropout if self.training else 0.0)
        real = context.memory_mask_BS
        mask = None if real is None else real[:, None, None, :]
        y_BHTK = masked_attend(q_BHTK, kv["k"], kv["v"], scores, None, mask, context)
        out: Tensor = self.o(y_BHTK.transpose(1, 2).flatten(2))
        return out

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        q_BHTK, kv, real = self._heads(self.q(x_BTD)), self._memory(context), context.memory_mask_BS
        scores = Scores(self.given_scale or 1 / math.sqrt(q_BHTK.shape[-1]), self.softcap)
        mask = None if real is None else real[:, None, None, :]
        y_BHTK = plain_attend(q_BHTK, kv["k"], kv["v"], scores, None, mask, context)
        out: Tensor = self.o(y_BHTK.transpose(1, 2).flatten(2))
        return out

    def _memory(self, context: Context) -> dict[str, Tensor]:
        assert context.memory_BSD is not None
        k, v = self.kv(context.memory_BSD)
        return {"k": self._heads(k), "v": self._heads(v)}

    def _heads(self, y: Tensor) -> Tensor:
        return y.view(y.shape[0], y.shape[1], -1, self.d_head).transpose(1, 2)

    def flops(self, tokens: int, pairs: int) -> int:
        """`pairs` is queries times memory slots; the memory's projections count by its slots."""
        slots = pairs // max(tokens, 1)
        weights = self.q.weight.numel() + self.o.weight.numel()
        memory = 2 * slots * self.kv.weight.numel()
        return 2 * tokens * weights + memory + 4 * pairs * self.n_heads * self.d_head

    def dead_parameters(self, positions: tuple[Position, ...]) -> dict[str, str]:
        return {} if self.softcap is not None or "k" not in self.kv.biased else {"kv.k.bias": SHIFT}


@binds(SoftmaxCrossAttention)
def _bind(attention: SoftmaxCrossAttention, context: Context) -> Step | None:
    """One query over the memory; query heads of a group stand where tokens do."""
    q, o = weights_of(attention.q), weights_of(attention.o)
    if q is None or o is None or attention.softcap is not None:
        return None
    slot = context.held
    groups, ratio, width = attention.n_kv_heads, attention.n_heads // attention.n_kv_heads, attention.d_head
    context.kernels.add("sdpa:full" if context.memory_mask_BS is None else "sdpa:mask")

    def step(x_B1D: Tensor) -> Tensor:
        q_BGRK = F.linear(x_B1D, *q).view(-1, groups, ratio, width)
        real = context.memory_mask_BS
        mask = None if real is None else real[:, None, None]
        y_BGRK = F.scaled_dot_product_attention(q_BGRK, slot["k"], slot["v"], mask, scale=attention.scale)
        return F.linear(y_BGRK.reshape(-1, 1, groups * ratio * width), *o)

    return step
