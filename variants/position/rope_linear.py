"""Rotary positions of a longer context: positions are divided by a factor."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from catalog.types import Count, Positive
from variants.context import Context
from variants.parts import Site
from variants.position.rope import RotaryPosition
from variants.registry import POSITION


@POSITION.register("rope_linear", dim=4)
class LinearRotary(RotaryPosition):
    """Rotates by position / (factor theta^(2i/dim)) (Chen et al., 2023, https://arxiv.org/abs/2306.15595).

    `factor` divides every position. `theta` is the base. `dim` numbers of each head are rotated, all by default.
    `layout` pairs number i with i + dim/2 (`halves`) or neighbours (`interleaved`). `ids` counts slots (`arange`) or
    real tokens (`mask`).
    """

    def __init__(
        self,
        site: Site,
        *,
        factor: Positive,
        theta: Positive = 10000.0,
        dim: Count | None = None,
        layout: Literal["halves", "interleaved"] = "halves",
        ids: Literal["arange", "mask"] = "arange",
    ) -> None:
        super().__init__(site, theta=theta, dim=dim, layout=layout, ids=ids)
        self.factor = factor
        self.key = (*self.key, factor)

    def rates(self, dim: int, exact: torch.dtype, context: Context) -> Tensor:
        return super().rates(dim, exact, context) / self.factor
