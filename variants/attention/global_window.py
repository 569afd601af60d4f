"""Local attention with global tokens, whose queries, keys and values are projected by matrices of their own."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from catalog.types import Count, Probability, Whole
from variants.attend import Scores, attend
from variants.attention.softmax import SHIFT
from variants.biases import Bias, biased
from variants.context import Context
from variants.parts import Mixer, Position, Site, Visibility
from variants.past import both_ways
from variants.projections import OutputLinear, SlicedLinear
from variants.registry import ATTENTION
from variants.scores import softmax_over

Heads = tuple[Tensor, Tensor, Tensor]


@ATTENTION.register("global_window", n_heads=4, window=3)
class GlobalWindowAttention(Mixer):
    """The attention of Longformer (Beltagy et al., 2020, https://arxiv.org/abs/2004.05150).

    A token reads those less than `window` away and the global ones by q, k and v; a global token reads all by q_g, k_g
    and v_g. A call marks global tokens with `global_mask`; where it does not, the first `n_global` real tokens of a
    text are global. `n_heads` is the number of heads. `bias` names the projections that have one, of either kind.

    Raises:
        ValueError: the head count does not divide, or the stack hides some slots from others.
    """

    hooks = frozenset({"embed", "rotate"})

    def __init__(
        self,
        site: Site,
        *,
        n_heads: Count,
        window: Count,
        n_global: Whole = 0,
        bias: Bias = "none",
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        if site.width % n_heads:
            raise ValueError(f"n_heads={n_heads} does not divide d_model={site.width}")
        both_ways(site, "global_window")
        self.n_heads, self.dropout, self.scale = n_heads, dropout, (site.width // n_heads) ** -0.5
        self.qkv, self.global_qkv = (_projections(prefix, site.width, bias) for prefix in ("", "global_"))
        self.o = OutputLinear(site.width, site.width, bias="o" in biased(bias))
        near = {"kind": "window", "window": window}
        self.near: Visibility = site.part("visibility", near)
        self.visibility: Visibility = site.part("visibility", {**near, "kind": "global_window", "n_global": n_global})

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        scores = Scores(self.scale, dropout=self.dropout if self.training else 0.0)
        near, marks = self._heads(self.qkv, x_BTD, context), context.global_tokens(self.visibility.n_global)
        if marks is None:
            return self._write(attend(*near, scores, None, self.near, context))
        # both halves in one softmax: a query meets the keys of its own half, as the other half of it is zero
        is_global = marks[:, None, :, None]
        (q, k, v), (q_g, k_g, v_g) = near, self._heads(self.global_qkv, x_BTD, context)
        q, k, v = (torch.cat(pair, -1) for pair in ((q * ~is_global, q_g * is_global), (k, k_g), (v, v_g)))
        y, y_g = attend(q, k, v, scores, None, self.visibility, context).chunk(2, -1)
        return self._write(torch.where(is_global, y_g, y))

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        """One attention after the other, over masks of their own."""
        mask, marks = context.mask(self.visibility), context.global_tokens(self.visibility.n_global)
        (q, k, v), (q_g, k_g, v_g) = (self._heads(each, x_BTD, context) for each in (self.qkv, self.global_qkv))
        y = softmax_over(q @ k.mT / math.sqrt(q.shape[-1]), mask) @ v
        if marks is None:
            return self._write(y)
        everything = None if context.mask_BS is None else context.mask_BS[:, None, None]
        y_g = softmax_over(q_g @ k_g.mT / math.sqrt(q.shape[-1]), everything) @ v_g
        return self._write(torch.where(marks[:, None, :, None], y_g, y))

    def _heads(self, projections: SlicedLinear, x_BTD: Tensor, context: Context) -> Heads:
        shape = (*x_BTD.shape[:2], self.n_heads, -1)
        q, k, v = (y.view(shape).transpose(1, 2) for y in projections(x_BTD))
        for position in context.positions:
            q, k = position.rotate(q, k, context)
        return q, k, v

    def _write(self, y_BHTK: Tensor) -> Tensor:
        out: Tensor = self.o(y_BHTK.transpose(1, 2).flatten(2))
        return out

    def flops(self, tokens: int, pairs: int) -> int:
        """Those of a call that marks nothing: without global tokens their projections rest."""
        weights = self.qkv.weight.numel() * (2 if self.visibility.n_global else 1) + self.o.weight.numel()
        return 2 * tokens * weights + 4 * pairs * self.o.weight.shape[1]

    def sees(self) -> Visibility:
        return self.visibility

    def dead_parameters(self, positions: tuple[Position, ...]) -> dict[str, str]:
        felt = any(p.reads_keys for p in positions) or "k" not in self.qkv.biased
        return {} if felt else dict.fromkeys(("qkv.k.bias", "global_qkv.global_k.bias"), SHIFT)


def _projections(prefix: str, width: int, bias: Bias) -> SlicedLinear:
    """Queries, keys and values of one matrix, under names that begin with `prefix`."""
    return SlicedLinear(width, {prefix + name: width for name in "qkv"}, frozenset(prefix + n for n in biased(bias)))
