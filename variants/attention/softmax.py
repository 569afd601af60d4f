"""Softmax attention of a stack over itself, with multi-head, grouped-query and multi-query heads."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catalog.types import Count, Flag, NormPart, PositionParts, Positive, Probability, VisibilityPart
from variants.attend import Scores, attend, plain_attend
from variants.biases import Bias, biased
from variants.binding import Step, binds, weights_of
from variants.conjunction import both
from variants.context import Context
from variants.grouped import GroupedSlices
from variants.head_gains import HeadGains
from variants.keep import keep, keep_next
from variants.parts import Mixer, Position, Site, Visibility, hooks_of
from variants.projections import OutputLinear, SlicedLinear
from variants.registry import ATTENTION

SHIFT = "softmax does not change when one number is added to all scores of a query"


@ATTENTION.register("softmax", n_heads=4, n_kv_heads=2, d_head=6, clip=0.5)
class SoftmaxAttention(Mixer):
    """Scaled dot-product attention (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762).

    `n_heads` is the number of query heads. `n_kv_heads` heads of keys and values serve them in groups, one each by
    default (https://arxiv.org/abs/2305.13245). `d_head` is the width of a head, d_model / n_heads by default. `bias`
    names the projections that have one. `groups` cuts the input in as many shares, from each of which comes a share of
    q, k and v (SqueezeBERT, https://arxiv.org/abs/2006.11316). `clip` c keeps what they give between -c and c. `scale`
    multiplies q.k, 1/sqrt(d_head) by default. `scale_by_layer` divides by the layer's number, counted from 1, as well
    (Mistral's GPT-2, https://github.com/stanford-crfm/mistral). `softcap` c turns a score s into c*tanh(s/c). `qk_norm`
    normalises queries and keys before positions. `qk_norm_over` says whether it does so over each `head` or over the
    `flat` projection. `qk_gains` multiplies what is normalised over a head by gains of that head's own. `qk_norm_after`
    does so after rotation. `talking_heads` mixes scores over the heads before the softmax, and weights after it
    (https://arxiv.org/abs/2003.02436). `sinks` adds a learned logit per head to the softmax. `output_gate` multiplies
    the heads' output by sigmoid of a projection of the input. `output_norm` normalises it before the last projection.
    `position` is this branch's own, in place of the stack's. `visibility` narrows the stack's for this branch.

    Raises:
        ValueError: the head counts or the groups do not divide.
    """

    hooks = frozenset({"embed", "rotate", "rotate_values", "bias"})
    fixed_init: ClassVar[frozenset[str]] = frozenset({"mix_scores", "mix_weights"})

    def __init__(
        self,
        site: Site,
        *,
        n_heads: Count,
        n_kv_heads: Count | None = None,
        d_head: Count | None = None,
        bias: Bias = "none",
        groups: Count = 1,
        clip: Positive | None = None,
        scale: Positive | None = None,
        scale_by_layer: Flag = False,
        softcap: Positive | None = None,
        qk_norm: NormPart | None = None,
        qk_norm_over: Literal["head", "flat"] = "head",
        qk_norm_after: Flag = False,
        qk_gains: Flag = False,
        talking_heads: Flag = False,
        sinks: Flag = False,
        output_gate: Flag = False,
        output_norm: NormPart | None = None,
        position: PositionParts | None = None,
        visibility: VisibilityPart | None = None,
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        if qk_norm is None and qk_norm_over != "head":
            raise ValueError(f"qk_norm_over={qk_norm_over!r} says over what qk_norm acts, but there is no qk_norm")
        if qk_norm_after and (qk_norm is None or qk_norm_over == "flat"):
            raise ValueError("qk_norm_after=True needs a qk_norm over each head")
        if qk_gains and (qk_norm is None or qk_norm_over == "flat"):
            raise ValueError("qk_gains=True needs a qk_norm over each head")
        if scale_by_layer and not site.last_layer:
            raise ValueError("scale_by_layer=True divides by 1 in the first layer, and this block stands in no other")
        self.n_heads, self.n_kv_heads = n_heads, n_kv_heads or n_heads
        self.d_head = d_head or site.width // n_heads
        self._check_heads(site.width, d_head)
        self.head_shape = (n_heads, self.d_head)
        widths = {"q": n_heads * self.d_head, "k": self.n_kv_heads * self.d_head, "v": self.n_kv_heads * self.d_head}
        self.qkv = SlicedLinear(site.width, widths, biased(bias))
        if groups > 1:
            self.qkv = GroupedSlices(site.width, widths, biased(bias), groups)
        self.gate = nn.Linear(site.width, widths["q"], bias=False) if output_gate else None
        self.o = OutputLinear(widths["q"], site.width, bias="o" in biased(bias))
        self.qk_norm_over, self.qk_norm_after = qk_norm_over, qk_norm_after
        # at first no head mixes with another
        self.mix_scores, self.mix_weights = (
            nn.Parameter(torch.eye(n_heads)) if talking_heads else None for _ in range(2)
        )
        over_head = qk_norm_over == "head"
        self.q_norm = site.part("norm", qk_norm, width=self.d_head if over_head else widths["q"])
        self.k_norm = site.part("norm", qk_norm, width=self.d_head if over_head else widths["k"])
        self.q_gain = HeadGains(n_heads, self.d_head) if qk_gains else None
        self.k_gain = HeadGains(self.n_kv_heads, self.d_head) if qk_gains else None
        self.sinks = nn.Parameter(torch.zeros(n_heads)) if sinks else None
        self.output_norm = site.part("norm", output_norm, width=widths["q"])
        self.clip, self.softcap, self.dropout = clip, softcap, dropout
        self.given_scale, self.scale, self.scale_by_layer = scale, scale or self.d_head**-0.5, scale_by_layer
        self.own = nn.ModuleList(site.part("position", spec) for spec in position or ()) if position else None
        if qk_norm_after and "rotate" not in (site.hooks if self.own is None else hooks_of(self.own)):
            raise ValueError("qk_norm_after=True comes after rotation, and no position scheme rotates here")
        self.visibility = both(site.visibility, site.part("visibility", visibility))

    def _check_heads(self, width: int, d_head: int | None) -> None:
        if d_head is None and width % self.n_heads:
            raise ValueError(f"n_heads={self.n_heads} does not divide d_model={width}; give d_head or another n_heads")
        if self.n_heads % self.n_kv_heads:
            raise ValueError(f"n_kv_heads={self.n_kv_heads} does not divide n_heads={self.n_heads}")

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        q, k, v = self._rotated(x_BTD, context)
        k, v = keep(k, v, self.visibility, context)
        scale = self._in_layer(self.scale, context)
        bias = self._bias(q, k, scale, context)
        y_BHTK = attend(q, k, v, self._scores(scale), bias, self.visibility, context)
        return self._write(y_BHTK, x_BTD)

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        q, k, v = self._rotated(x_BTD, context)
        scale = self._in_layer(self.given_scale or 1 / math.sqrt(q.shape[-1]), context)
        mask, bias = context.mask(self.visibility), self._bias(q, k, scale, context)
        return self._write(plain_attend(q, k, v, self._scores(scale), bias, mask, context), x_BTD)

    def _is_bare(self, context: Context) -> bool:
        """Whether one query sees all that is kept, and projections and kernel need no more than norms and rotation."""
        extras = (self.clip, self.softcap, self.sinks, self.mix_scores, self.gate, self.output_norm)
        everything = context.mask_BS is None and context.sees_all(self.visibility)
        return everything and self.qk_norm_over == "head" and all(extra is None for extra in extras)

    def _in_layer(self, scale: float, context: Context) -> float:
        return scale / (context.depth + 1) if self.scale_by_layer else scale

    def _scores(self, scale: float) -> Scores:
        dropout = self.dropout if self.training else 0.0
        return Scores(scale, self.softcap, self.sinks, dropout, self.mix_scores, self.mix_weights)

    def _write(self, y_BHTK: Tensor, x_BTD: Tensor) -> Tensor:
        y_BTF = y_BHTK.transpose(1, 2).flatten(2)
        if self.gate is not None:
            y_BTF = y_BTF * torch.sigmoid(self.gate(x_BTD))
        if self.output_norm is not None:
            y_BTF = self.output_norm(y_BTF)
        out: Tensor = self.o(y_BTF)
        return out

    def _rotated(self, x_BTD: Tensor, context: Context) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = self._project(x_BTD)
        for position in self._positions(context):
            q, k = position.rotate(q, k, context)
            v = position.rotate_values(v, context)
        if self.qk_norm_after:
            q, k = self._normalise(q, k)
        return q, k, v

    def _project(self, x_BTD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = self.qkv(x_BTD)
        if self.clip is not None:
            q, k, v = (y.clamp(-self.clip, self.clip) for y in (q, k, v))
        if self.q_norm is not None and self.qk_norm_over == "flat":
            q, k = self.q_norm(q), self.k_norm(k)
        # `view`: half of what `unflatten` costs, which tells in small models
        shape = (*x_BTD.shape[:2], -1, self.d_head)
        q, k, v = q.view(shape).transpose(1, 2), k.view(shape).transpose(1, 2), v.view(shape).transpose(1, 2)
        if self.q_norm is not None and self.qk_norm_over == "head" and not self.qk_norm_after:
            q, k = self._normalise(q, k)
        return q, k, v

    def _normalise(self, q_BHTK: Tensor, k_BGTK: Tensor) -> tuple[Tensor, Tensor]:
        q_BHTK, k_BGTK = self.q_norm(q_BHTK), self.k_norm(k_BGTK)
        if self.q_gain is None or self.k_gain is None:
            return q_BHTK, k_BGTK
        return self.q_gain(q_BHTK), self.k_gain(k_BGTK)

    def _positions(self, context: Context) -> tuple[Position, ...]:
        return context.positions if self.own is None else tuple(self.own)  # type: ignore[arg-type]

    def _bias(self, q: Tensor, k: Tensor, scale: float, context: Context) -> Tensor | None:
        context.scale = scale
        total: Tensor | None = None
        for position in self._positions(context):
            bias = position.bias(q, k, context)
            if bias is not None:
                total = bias if total is None else total + bias
        return total

    def flops(self, tokens: int, pairs: int) -> int:
        weights = self.qkv.weight.numel() + self.o.weight.numel()
        weights += self.gate.weight.numel() if self.gate is not None else 0
        mixing = 0 if self.mix_scores is None else 2 * self.n_heads
        return 2 * tokens * weights + pairs * self.n_heads * (4 * self.d_head + 2 * mixing)

    def sees(self) -> Visibility:
        return self.visibility

    def positions(self) -> Iterator[Position]:
        return iter(self.own or ())  # type: ignore[arg-type]

    def dead_parameters(self, positions: tuple[Position, ...]) -> dict[str, str]:
        used = positions if self.own is None else tuple(self.own)
        felt = any(p.reads_keys for p in used if isinstance(p, Position))
        marks = (self.softcap, self.sinks, self.q_norm, self.clip)
        felt = felt or any(mark is not None for mark in marks)
        return {} if felt or "k" not in self.qkv.biased else {"qkv.k.bias": SHIFT}


@binds(SoftmaxAttention)
def _bind(attention: SoftmaxAttention, context: Context) -> Step | None:
    """One query over all that is kept, in whatever order; query heads of a group stand where tokens do."""
    where, positions = context.where, attention._positions(context)
    qkv, o = weights_of(attention.qkv), weights_of(attention.o)
    if qkv is None or o is None or not attention._is_bare(context) or any(p.overrides("bias") for p in positions):
        return None
    slot = context.held
    turning = [p for p in positions if p.overrides("rotate") or p.overrides("rotate_values")]
    heads, groups, width = attention.n_heads, attention.n_kv_heads, attention.d_head
    slices, scale = [heads, groups, groups], attention._in_layer(attention.scale, context)
    all_heads, normed, turned_first = sum(slices), attention.q_norm is not None, attention.qk_norm_after
    context.kernels.add("sdpa:full")

    def step(x_B1D: Tensor) -> Tensor:
        q, k, v = F.linear(x_B1D, *qkv).view(-1, all_heads, 1, width).split_with_sizes(slices, 1)
        if normed and not turned_first:
            q, k = attention._normalise(q, k)
        for position in turning:
            context.enter(*where)
            q, k = position.rotate(q, k, context)
            v = position.rotate_values(v, context)
        if turned_first:
            q, k = attention._normalise(q, k)
        k, v = keep_next(slot, k, v, context.past)
        q = q if heads == groups else q.reshape(-1, groups, heads // groups, width)
        y = F.scaled_dot_product_attention(q, k, v, scale=scale)
        return F.linear(y.reshape(-1, 1, heads * width), *o)

    return step
