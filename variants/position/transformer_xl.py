"""Relative positions of Transformer-XL: sinusoids of the distance, projected to keys."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from catalog.types import Count, Flag
from variants.attend import repeat_heads
from variants.context import Context
from variants.parts import Position, Site
from variants.registry import POSITION


@POSITION.register("transformer_xl", n_heads=4, d_head=6)
class TransformerXLPosition(Position):
    """(u . k + (q + v) . r(i - j)) * scale added to q . k * scale (Dai et al., 2019, https://arxiv.org/abs/1901.02860).

    r projects [sin, cos] of the distance, earlier keys positive; u and v are learned per head. A branch that owns this
    scheme has u, v and the projection to itself (XLNet); a stack shares them over its layers. `n_heads` is that of the
    attention. `d_head` is the width of its heads, d_model / n_heads by default. `segments` adds (q + s) . e to the
    score of a key of the query's own segment and (q + s) . f to others (XLNet, https://arxiv.org/abs/1906.08237).

    Raises:
        ValueError: the heads do not divide the width, or the attention has others; or segments are asked of a decoder.
    """

    hooks = frozenset({"bias"})
    is_relative = True

    def __init__(self, site: Site, *, n_heads: Count, d_head: Count | None = None, segments: Flag = False) -> None:
        super().__init__()
        if segments and site.stack == "decoder":
            raise ValueError("segments=True needs an encoder: a decoder keeps no segments of past tokens")
        if d_head is None and site.width % n_heads:
            raise ValueError(f"n_heads={n_heads} does not divide d_model={site.width}; give d_head or another n_heads")
        self.shape = (n_heads, d_head or site.width // n_heads)
        self.u, self.v = nn.Parameter(torch.empty(self.shape)), nn.Parameter(torch.empty(self.shape))
        self.r = nn.Linear(site.width, self.shape[0] * self.shape[1], bias=False)
        self.segment_bias = nn.Parameter(torch.empty(self.shape)) if segments else None
        self.segment_vectors = nn.Parameter(torch.empty(2, *self.shape)) if segments else None
        self.n_segments = 2 if segments else 0
        self.width = site.width
        self.causal = site.visibility is not None and site.visibility.is_causal

    def check_heads(self, n_heads: int, d_head: int) -> None:
        if (n_heads, d_head) != self.shape:
            told = f"transformer_xl has n_heads={self.shape[0]} and d_head={self.shape[1]}"
            raise ValueError(f"{told}, but the attention has {n_heads} and {d_head}; give both the same")

    def bias(self, q_BHTK: Tensor, k_BGSK: Tensor, context: Context) -> Tensor:
        k_BHSK = repeat_heads(k_BGSK, self.shape[0])
        content_BH1S = (k_BHSK @ self.u[:, :, None]).mT
        exact = torch.promote_types(self.r.weight.dtype, torch.float32)
        key = ("transformer_xl", self.width, self.causal, exact)
        index_TS, waves_RD = context.table(key, lambda: self._waves(context, exact))
        r_HRK = self.r(waves_RD.to(self.r.weight.dtype)).unflatten(-1, self.shape).transpose(0, 1)
        by_distance_BHTR = (q_BHTK + self.v[:, None]) @ r_HRK.mT
        index = index_TS.expand(*by_distance_BHTR.shape[:2], -1, -1)
        total_BHTS: Tensor = content_BH1S + by_distance_BHTR.gather(-1, index)
        if self.segment_vectors is not None and self.segment_bias is not None and context.segments_BT is not None:
            by_segment_BHT2 = torch.einsum("bhtk,chk->bhtc", q_BHTK + self.segment_bias[:, None], self.segment_vectors)
            total_BHTS = total_BHTS + by_segment_BHT2.gather(-1, self._differs(context.segments_BT, context))
        return total_BHTS * context.scale

    def _differs(self, segments_BT: Tensor, context: Context) -> Tensor:
        """0 where query and key are of one segment, 1 where not, (B, H, T, T)."""
        differs_BTT = context.table(("segments",), lambda: (segments_BT[:, :, None] != segments_BT[:, None]).long())
        return differs_BTT[:, None].expand(-1, self.shape[0], -1, -1)  # type: ignore[no-any-return]

    def _waves(self, context: Context, exact: torch.dtype) -> tuple[Tensor, Tensor]:
        """For each (query, key) the row of its distance, and the sinusoids of all distances."""
        # a ring keeps no slot from further back than it is long
        slots = context.tokens + (min(context.past, context.ring) if context.ring else context.past)
        # a causal stack masks what is ahead, so that any row will do there
        lowest = 0 if self.causal else 1 - context.tokens
        distance_TS = context.query_slots()[:, None] - context.key_slots()
        rates = torch.arange(0, self.width, 2, device=context.device, dtype=exact) / self.width
        every_R = torch.arange(lowest, slots, device=context.device, dtype=exact)
        angles = every_R[:, None] * torch.exp(-math.log(10000.0) * rates)
        waves_RD = torch.cat([angles.sin(), angles.cos()], -1)[:, : self.width]
        return distance_TS.clamp_min(lowest) - lowest, waves_RD

    def flops(self, tokens: int, pairs: int) -> int:
        """Each distance is projected once, earlier and later ones where both are seen, and then meets queries."""
        distances = tokens if self.causal else 2 * tokens
        n_heads, d_head = self.shape
        shared = tokens * (1 + self.n_segments)  # for u, and for the two vectors of segments
        # both ways, each query meets all distances that any query has, and takes those of its keys
        products = pairs if self.causal else 2 * pairs - tokens
        return 2 * n_heads * d_head * (distances * self.width + products + shared)
