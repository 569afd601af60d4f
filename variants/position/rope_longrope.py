"""Rotary positions of LongRoPE: a factor of its own for each pair, one list for short texts and one for long."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import torch
from torch import Tensor

from catalog.types import Count, Numbers, Positive
from variants.context import Context
from variants.parts import Site
from variants.position.rope import RotaryPosition
from variants.registry import POSITION

TINY = {"short_factors": [1.0, 1.1, 1.3, 1.4], "long_factors": [1.0, 1.5, 3.0, 6.0], "trained_length": 6}


@POSITION.register("rope_longrope", dim=8, **TINY)
class LongRotary(RotaryPosition):
    """Rotary with rate_i / f_i, f one of two searched lists (Ding et al., 2024, https://arxiv.org/abs/2402.13753).

    q and k are multiplied by sqrt(1 + ln(factor) / ln(T0)) where factor is above 1. `trained_length` is T0.
    `short_factors` hold for a text that is no longer, or that fits into the decoding state's T0 slots; `long_factors`
    hold otherwise. `factor` is how far the context is stretched, context_length / T0 by default. `magnitude` multiplies
    q and k in place of that formula. `theta` is the base. `dim` numbers of each head are rotated, all by default.
    `layout` pairs number i with i + dim/2 (`halves`) or neighbours (`interleaved`). `ids` counts slots (`arange`) or
    real tokens (`mask`).

    Raises:
        ValueError: the lists have another length than there are pairs.
    """

    # tested apart: rates at both lengths equal those of transformers
    silent: ClassVar[dict[str, str]] = {"short_factors": "a shrunk model's texts are longer than its trained length"}

    def __init__(
        self,
        site: Site,
        *,
        short_factors: Numbers,
        long_factors: Numbers,
        trained_length: Count,
        factor: Positive | None = None,
        magnitude: Positive | None = None,
        theta: Positive = 10000.0,
        dim: Count | None = None,
        layout: Literal["halves", "interleaved"] = "halves",
        ids: Literal["arange", "mask"] = "arange",
    ) -> None:
        super().__init__(site, theta=theta, dim=dim, layout=layout, ids=ids)
        self.lists, self.trained_length, self.magnitude = (short_factors, long_factors), trained_length, magnitude
        self.factor = factor or site.context_length / trained_length
        self.settled = trained_length
        self.key = (*self.key, *short_factors, *long_factors, trained_length, self.factor, magnitude)

    def check_heads(self, n_heads: int, d_head: int) -> None:
        super().check_heads(n_heads, d_head)
        dim = self.dim or d_head
        for name, factors in zip(("short_factors", "long_factors"), self.lists, strict=True):
            if len(factors) != dim // 2:
                raise ValueError(f"rope_longrope {name} has {len(factors)} numbers; dim={dim} needs {dim // 2}")

    def rates(self, dim: int, exact: torch.dtype, context: Context) -> Tensor:
        short, long = (torch.tensor(factors, device=context.device, dtype=exact) for factors in self.lists)
        is_long = torch.as_tensor(context.lengths(), device=context.device) > self.trained_length
        return super().rates(dim, exact, context) / torch.where(is_long, long, short)

    def amplitude(self) -> float:
        if self.magnitude is not None or self.factor <= 1:
            return self.magnitude or 1.0
        return math.sqrt(1 + math.log(self.factor) / math.log(self.trained_length))
