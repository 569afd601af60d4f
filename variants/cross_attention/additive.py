"""Additive attention of a decoder over the encoder's output."""

from __future__ import annotations

from torch import Tensor, nn

from catalog.types import Count, Probability
from variants.additive import AdditiveHeads, head_width, split_heads
from variants.biases import Bias, biased
from variants.context import Context
from variants.matrices import matrix_numbers
from variants.parts import Mixer, Site
from variants.projections import OutputLinear, SlicedLinear
from variants.registry import CROSS_ATTENTION


@CROSS_ATTENTION.register("additive", n_heads=4, d_head=6)
class AdditiveCrossAttention(Mixer):
    """softmax(w . tanh(W x_i + U m_j)) V m_j, m the memory (Bahdanau et al., 2014, https://arxiv.org/abs/1409.0473).

    `n_heads` is the number of heads, each with a w of its own. `d_head` is the width of a head, d_model / n_heads by
    default. `bias` names the projections that have one. While decoding, the memory is projected once.

    Raises:
        ValueError: the stack has no memory, or the heads do not divide the width.
    """

    def __init__(
        self,
        site: Site,
        *,
        n_heads: Count,
        d_head: Count | None = None,
        bias: Bias = "none",
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        if site.d_memory is None:
            raise ValueError("cross_attention needs an encoder; this model has none")
        self.d_head = head_width(site.width, n_heads, d_head)
        inner = n_heads * self.d_head
        self.q = nn.Linear(site.width, inner, bias="q" in biased(bias))
        self.kv = SlicedLinear(site.d_memory, {"k": inner, "v": inner}, biased(bias))
        self.heads = AdditiveHeads(n_heads, self.d_head, dropout)
        self.o = OutputLinear(inner, site.width, bias="o" in biased(bias))

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        slot = context.slot(lambda _: self._memory(context))
        kv = self._memory(context) if slot is None else slot
        q = split_heads(self.q(x_BTD), self.d_head)
        out: Tensor = self.o(self.heads(q, kv["k"], kv["v"], _real(context), context))
        return out

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        kv, q = self._memory(context), split_heads(self.q(x_BTD), self.d_head)
        out: Tensor = self.o(self.heads.plain(q, kv["k"], kv["v"], _real(context)))
        return out

    def _memory(self, context: Context) -> dict[str, Tensor]:
        assert context.memory_BSD is not None
        k, v = (split_heads(y, self.d_head) for y in self.kv(context.memory_BSD))
        return {"k": k, "v": v}

    def flops(self, tokens: int, pairs: int) -> int:
        """`pairs` is queries times memory slots; the memory's projections count by its slots."""
        memory = pairs // max(tokens, 1) * matrix_numbers(self.kv)
        return 2 * (tokens * matrix_numbers(self.q, self.o) + memory + 2 * pairs * self.o.weight.shape[1])


def _real(context: Context) -> Tensor | None:
    """Which slots of the memory are real, (B, 1, 1, S)."""
    return None if context.memory_mask_BS is None else context.memory_mask_BS[:, None, None]
