"""Relative keys: a learned vector per clipped distance."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from catalog.types import Count
from variants.context import Context
from variants.parts import Position, Site
from variants.projections import Table
from variants.registry import POSITION


@POSITION.register("shaw", n_heads=4, d_head=6, max_distance=3)
class RelativeKeys(Position):
    """q . a[clip(j - i)] * scale added to q . k * scale (Shaw et al., 2018, https://arxiv.org/abs/1803.02155).

    The vectors are shared by all heads; the paper's second table, added to values, is left out, as its own ablation
    finds it without use. `max_distance` is where distances are clipped. `n_heads` is that of the attention. `d_head` is
    the width of its heads, d_model / n_heads by default. `ids` counts slots (`arange`) or real tokens (`mask`).

    Raises:
        ValueError: the heads do not divide the width, or the attention has others.
    """

    hooks = frozenset({"bias"})
    is_relative = True

    def __init__(
        self,
        site: Site,
        *,
        n_heads: Count,
        d_head: Count | None = None,
        max_distance: Count = 16,
        ids: Literal["arange", "mask"] = "arange",
    ) -> None:
        super().__init__()
        if d_head is None and site.width % n_heads:
            raise ValueError(f"n_heads={n_heads} does not divide d_model={site.width}; give d_head or another n_heads")
        self.shape = (n_heads, d_head or site.width // n_heads)
        self.table = Table(2 * max_distance + 1, self.shape[1])
        self.max_distance, self.ids = max_distance, ids

    def check_heads(self, n_heads: int, d_head: int) -> None:
        if (n_heads, d_head) != self.shape:
            told = f"shaw has n_heads={self.shape[0]} and d_head={self.shape[1]}"
            raise ValueError(f"{told}, but the attention has {n_heads} and {d_head}; give both the same")

    def bias(self, q_BHTK: Tensor, k_BHSK: Tensor, context: Context) -> Tensor:
        index = context.table(("shaw", self.max_distance, self.ids), lambda: self._rows(context))
        by_distance_BHTR = q_BHTK @ self.table.weight.T
        bias = by_distance_BHTR.gather(-1, index.expand(*by_distance_BHTR.shape[:2], -1, -1))
        return bias * context.scale

    def _rows(self, context: Context) -> Tensor:
        ahead = context.key_ids(self.ids)[..., None, :] - context.query_ids(self.ids)[..., :, None]
        rows = ahead.clamp(-self.max_distance, self.max_distance) + self.max_distance
        return rows if rows.dim() == 2 else rows[:, None]

    def flops(self, tokens: int, pairs: int) -> int:
        return 2 * tokens * self.shape[0] * self.table.weight.numel()
