"""Rotary positions whose base grows with the length of the text."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from catalog.types import Count, Positive
from variants.context import Context
from variants.parts import Site
from variants.position.rope import RotaryPosition
from variants.registry import POSITION


@POSITION.register("rope_dynamic", dim=4, trained_length=6)
class DynamicRotary(RotaryPosition):
    """Rotary with theta (factor T / T0 - factor + 1)^(dim/(dim-2)) as base (https://arxiv.org/abs/2309.00071, 3.3).

    T is the length of the text; up to T0 nothing changes. All keys have one base: that of the text as it stands, which
    `generate` reads anew past T0, or in a decoding state that of a text which fills it. `trained_length` is T0.
    `factor` says how far the context is stretched. `theta` is the base. `dim` numbers of each head are rotated, all by
    default. `layout` pairs number i with i + dim/2 (`halves`) or neighbours (`interleaved`). `ids` counts slots
    (`arange`) or real tokens (`mask`).
    """

    def __init__(
        self,
        site: Site,
        *,
        factor: Positive,
        trained_length: Count,
        theta: Positive = 10000.0,
        dim: Count | None = None,
        layout: Literal["halves", "interleaved"] = "halves",
        ids: Literal["arange", "mask"] = "arange",
    ) -> None:
        super().__init__(site, theta=theta, dim=dim, layout=layout, ids=ids)
        self.factor, self.trained_length = factor, trained_length
        self.settled = trained_length
        self.key = (*self.key, factor, trained_length)

    def check_heads(self, n_heads: int, d_head: int) -> None:
        super().check_heads(n_heads, d_head)
        if (self.dim or d_head) < 4:
            name = "d_head" if self.dim is None else "dim"
            raise ValueError(f"rope_dynamic stretches by dim/(dim-2), so {name}={self.dim or d_head} must be 4 or more")

    def rates(self, dim: int, exact: torch.dtype, context: Context) -> Tensor:
        length = torch.as_tensor(context.lengths(), device=context.device).clamp_min(self.trained_length).to(exact)
        base = self.theta * (self.factor * length / self.trained_length - self.factor + 1) ** (dim / (dim - 2))
        return base ** -self.steps(dim, exact, context)
