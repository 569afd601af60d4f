"""Scaled dot-product attention over visible keys: the exact kernels, the plain form, and the choice between them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from variants.context import Context
from variants.local_blocks import LocalBlocks
from variants.parts import Visibility


class Scores(NamedTuple):
    """How scores become weights: `scale` multiplies q.k, `softcap` c gives c*tanh(s/c), `sinks_H` joins the softmax.

    `mix_scores_HH` and `mix_weights_HH` mix the heads before and after it, a row for each new head.
    """

    scale: float
    softcap: float | None = None
    sinks_H: Tensor | None = None
    dropout: float = 0.0
    mix_scores_HH: Tensor | None = None
    mix_weights_HH: Tensor | None = None


def attend(
    q_BHTK: Tensor,
    k_BGSK: Tensor,
    v_BGSK: Tensor,
    scores: Scores,
    bias: Tensor | None,
    visibility: Visibility,
    context: Context,
) -> Tensor:
    """Attention of each query over the slots that `visibility` and the padding leave; (B, H, T, K)."""
    if bias is None and context.mask_BS is None and _is_fused(scores, context):
        if context.sees_all(visibility):
            return _sdpa(q_BHTK, k_BGSK, v_BGSK, None, False, scores, context)
        if visibility.is_causal and q_BHTK.shape[2] == k_BGSK.shape[2]:
            return _sdpa(q_BHTK, k_BGSK, v_BGSK, None, True, scores, context)
    if bias is None and context.captures is None:
        blocks = LocalBlocks.of(visibility, context)
        if blocks is not None:
            return _local(q_BHTK, k_BGSK, v_BGSK, scores, blocks, blocks.mask(visibility, context), context)
    mask = context.mask(visibility)
    return masked_attend(q_BHTK, k_BGSK, v_BGSK, scores, bias, mask, context)


def _local(
    q: Tensor, k: Tensor, v: Tensor, scores: Scores, blocks: LocalBlocks, mask: Tensor, context: Context
) -> Tensor:
    """Block by block, each over a dense mask of its own."""
    context.kernels.add("local")
    pieces = (blocks.queries(q), blocks.keys(k), blocks.keys(v))
    return blocks.join(masked_attend(*pieces, scores, None, mask, context))


def masked_attend(
    q_BHTK: Tensor,
    k_BGSK: Tensor,
    v_BGSK: Tensor,
    scores: Scores,
    bias: Tensor | None,
    mask: Tensor | None,
    context: Context,
) -> Tensor:
    """As `attend`, with a dense boolean mask (True is visible) that broadcasts to (B, H, T, S)."""
    if _is_fused(scores, context):
        if bias is not None:
            mask = bias if mask is None else bias.masked_fill(~mask, float("-inf"))
        return _sdpa(q_BHTK, k_BGSK, v_BGSK, mask, False, scores, context)
    return plain_attend(q_BHTK, k_BGSK, v_BGSK, scores, bias, mask, context)


def plain_attend(
    q_BHTK: Tensor,
    k_BGSK: Tensor,
    v_BGSK: Tensor,
    scores: Scores,
    bias: Tensor | None,
    mask: Tensor | None,
    context: Context,
) -> Tensor:
    """The formula as it stands in the papers; the reference of the kernels, and the way to capture weights."""
    context.kernels.add("plain")
    k, v = (repeat_heads(x, q_BHTK.shape[1]) for x in (k_BGSK, v_BGSK))
    s_BHTS = (q_BHTK @ k.transpose(-1, -2)) * scores.scale
    if bias is not None:
        s_BHTS = s_BHTS + bias
    if scores.softcap is not None:
        s_BHTS = scores.softcap * torch.tanh(s_BHTS / scores.softcap)
    s_BHTS = _mix(s_BHTS, scores.mix_scores_HH)
    if mask is not None:
        s_BHTS = s_BHTS.masked_fill(~mask, float("-inf"))
    weights = _mix(_softmax(s_BHTS, scores.sinks_H), scores.mix_weights_HH)
    context.capture("attention", weights)
    return F.dropout(weights, scores.dropout, scores.dropout > 0).to(v.dtype) @ v


def repeat_heads(x_BGSK: Tensor, n_heads: int) -> Tensor:
    """Repeats each key-value head for its group of query heads."""
    groups = x_BGSK.shape[1]
    return x_BGSK if groups == n_heads else x_BGSK.repeat_interleave(n_heads // groups, dim=1)


def _mix(x_BHTS: Tensor, mix_HH: Tensor | None) -> Tensor:
    """Each head becomes a sum of all."""
    return x_BHTS if mix_HH is None else torch.einsum("gh,bhts->bgts", mix_HH.to(x_BHTS.dtype), x_BHTS)


def _softmax(s_BHTS: Tensor, sinks_H: Tensor | None) -> Tensor:
    if sinks_H is None:
        return s_BHTS.float().softmax(-1) if s_BHTS.dtype != torch.float64 else s_BHTS.softmax(-1)
    sink = sinks_H.reshape(1, -1, 1, 1).expand(*s_BHTS.shape[:-1], 1).to(s_BHTS.dtype)
    return torch.cat([s_BHTS, sink], -1).softmax(-1)[..., :-1]


def _is_fused(scores: Scores, context: Context) -> bool:
    plain = scores.softcap is None and scores.sinks_H is None and scores.mix_scores_HH is None
    return plain and context.captures is None


def _sdpa(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool, scores: Scores, context: Context
) -> Tensor:
    context.kernels.add("sdpa:causal" if causal else "sdpa:full" if mask is None else "sdpa:mask")
    if k.shape[1] != q.shape[1]:
        k, v = repeat_heads(k, q.shape[1]), repeat_heads(v, q.shape[1])
    if mask is not None and mask.dtype != torch.bool:
        mask = mask.to(q.dtype)
    return F.scaled_dot_product_attention(q, k, v, mask, scores.dropout, causal, scale=scores.scale)
