"""Softmax attention with a memory of the segments before, whose states get no gradient."""

from __future__ import annotations

import torch
from torch import Tensor

from catalog.types import Count, PositionParts, Positive, Probability, Whole
from variants.attend import plain_attend
from variants.attention.softmax import SoftmaxAttention
from variants.biases import Bias
from variants.context import Context
from variants.keep import keep_all
from variants.parts import Site
from variants.registry import ATTENTION


@ATTENTION.register("segment_memory", n_heads=4, d_head=6, segment_length=4, memory_length=3)
class SegmentMemoryAttention(SoftmaxAttention):
    """softmax(q [SG(m), h] W_k) [SG(m), h] W_v, m the states before the segment (https://arxiv.org/abs/1901.02860).

    A text is cut every `segment_length` real tokens. A token sees the earlier ones of its segment and the
    `memory_length` states before that. In training no gradient reaches those states (SG), though it reaches the
    projections that read them. A decoding state carries the memory from one call to the next: states in training, since
    weights move, and keys and values otherwise. `n_heads` is the number of heads. `d_head` is the width of a head,
    d_model / n_heads by default. `bias` names the projections that have one. `scale` multiplies q.k, 1/sqrt(d_head) by
    default. `position` is this branch's own, in place of the stack's.

    Raises:
        ValueError: the heads do not divide the width, or a decoding state goes from training to evaluation.
    """

    hooks = frozenset({"embed", "bias"})

    def __init__(
        self,
        site: Site,
        *,
        n_heads: Count,
        segment_length: Count,
        memory_length: Whole,
        d_head: Count | None = None,
        bias: Bias = "none",
        scale: Positive | None = None,
        position: PositionParts | None = None,
        dropout: Probability = 0.0,
    ) -> None:
        segments = {"kind": "segment", "segment_length": segment_length, "memory_length": memory_length}
        options = {"d_head": d_head, "bias": bias, "scale": scale, "position": position, "dropout": dropout}
        super().__init__(site, n_heads=n_heads, visibility=segments, **options)  # type: ignore[arg-type]
        self.segment_length = segment_length

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        return self._trained(x_BTD, context) if self.training else super().forward(x_BTD, context)

    def _trained(self, x_BTD: Tensor, context: Context) -> Tensor:
        """Keys and values twice, of states with and without gradient; each pair of slots is seen in one of the two."""
        held_B1SD = keep_all({"states": x_BTD.detach()[:, None]}, self.visibility, context)["states"]
        present_T = context.key_slots().argsort()[-context.tokens :]
        live_BSD = held_B1SD[:, 0].index_copy(1, present_T, x_BTD)
        q, _, _ = self._project(x_BTD)
        pairs = [self._project(states)[1:] for states in (held_B1SD[:, 0], live_BSD)]
        biases = [self._bias(q, k, self.scale, context) for k, _ in pairs]
        bias = None if biases[0] is None else torch.cat([b for b in biases if b is not None], -1)
        k, v = (torch.cat(each, 2) for each in zip(*pairs, strict=True))
        y_BHTK = plain_attend(q, k, v, self._scores(self.scale), bias, self._halves(context), context)
        return self._write(y_BHTK, x_BTD)

    def _halves(self, context: Context) -> Tensor:
        """(1 or B, 1, T, 2S): what is visible in memory, then what is visible in the present segment."""
        query, key = (ids // self.segment_length for ids in (context.query_ids("mask"), context.key_ids("mask")))
        here = query[..., :, None] == key[..., None, :]
        here = (here & (context.key_slots() >= context.past)).reshape(-1, 1, *here.shape[-2:])
        visible = context.mask(self.visibility)
        visible = torch.ones_like(here) if visible is None else visible
        return torch.cat([visible & ~here, visible & here], -1)
