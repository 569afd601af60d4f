"""Rotary positions of LLaMA 3.1: slow pairs are slowed further, fast ones are left, with a ramp between."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from catalog.types import Count, Positive
from variants.context import Context
from variants.parts import Site
from variants.position.rope import RotaryPosition
from variants.registry import POSITION


@POSITION.register("rope_llama3", dim=4, theta=100.0, trained_length=20)
class Llama3Rotary(RotaryPosition):
    """rate (s + (1 - s) / factor), where s grows with the turns of a pair (Meta, 2024, https://arxiv.org/abs/2407.21783).

    s = clamp((t - low) / (high - low), 0, 1) with t how often a pair turns within the trained length. `trained_length`
    is that length. `factor` slows pairs that turn little. `low` turns and fewer are slowed by all of it. `high` turns
    and more are left as they are. `theta` is the base. `dim` numbers of each head are rotated, all by default. `layout`
    pairs number i with i + dim/2 (`halves`) or neighbours (`interleaved`). `ids` counts slots (`arange`) or real tokens
    (`mask`).

    Raises:
        ValueError: `high` is not above `low`.
    """

    def __init__(
        self,
        site: Site,
        *,
        factor: Positive,
        trained_length: Count,
        low: Positive = 1.0,
        high: Positive = 4.0,
        theta: Positive = 10000.0,
        dim: Count | None = None,
        layout: Literal["halves", "interleaved"] = "halves",
        ids: Literal["arange", "mask"] = "arange",
    ) -> None:
        super().__init__(site, theta=theta, dim=dim, layout=layout, ids=ids)
        if high <= low:
            raise ValueError(f"rope_llama3 high={high} must be above low={low}")
        self.factor, self.trained_length, self.low, self.high = factor, trained_length, low, high
        self.key = (*self.key, factor, trained_length, low, high)

    def rates(self, dim: int, exact: torch.dtype, context: Context) -> Tensor:
        rate = super().rates(dim, exact, context)
        turns = self.trained_length * rate / (2 * math.pi)
        kept = ((turns - self.low) / (self.high - self.low)).clamp(0, 1)
        return rate * (kept + (1 - kept) / self.factor)
