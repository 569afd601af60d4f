"""Fixed sinusoidal positions, added to the embedding."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from catalog.types import Whole
from variants.context import Context
from variants.parts import Position, Site
from variants.registry import POSITION

Layout = Literal["interleaved", "halves", "t2t"]


@POSITION.register("sinusoidal")
class SinusoidalPosition(Position):
    """sin and cos of position / 10000^(2i/d) (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762).

    `layout` is `interleaved` (sin, cos in turn, as in the paper), `halves` (all sin, then all cos) or `t2t` (halves,
    with 10000^(i/(d/2-1)) as in tensor2tensor). `offset` is added to each position. `ids` counts slots (`arange`) or
    real tokens (`mask`).
    """

    hooks = frozenset({"embed"})

    def __init__(
        self,
        site: Site,
        *,
        layout: Layout = "interleaved",
        offset: Whole = 0,
        ids: Literal["arange", "mask"] = "arange",
    ) -> None:
        super().__init__()
        self.width, self.layout, self.offset, self.ids = site.width, layout, offset, ids

    def embed(self, x_BTD: Tensor, context: Context) -> Tensor:
        exact = torch.promote_types(x_BTD.dtype, torch.float32)
        key = ("sinusoidal", self.layout, self.width, self.offset, self.ids, exact)
        (table,) = context.rows(key, self.ids, lambda ids: (self._table(ids + self.offset, exact),))
        return x_BTD + table.to(x_BTD.dtype)

    def _table(self, ids: Tensor, exact: torch.dtype) -> Tensor:
        half = (self.width + 1) // 2
        span = max(half - 1, 1) if self.layout == "t2t" else self.width / 2
        rates = torch.exp(-math.log(10000.0) * torch.arange(half, device=ids.device, dtype=exact) / span)
        angles = ids.to(exact)[..., None] * rates
        pair = (angles.sin(), angles.cos())
        table = torch.stack(pair, -1).flatten(-2) if self.layout == "interleaved" else torch.cat(pair, -1)
        return table[..., : self.width]
