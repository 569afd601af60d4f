"""Rotary positions of YaRN: a ramp over the pairs between the plain rates and slowed ones, and sharper scores."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from catalog.types import Count, Flag, Positive
from variants.context import Context
from variants.parts import Site
from variants.position.rope import RotaryPosition
from variants.registry import POSITION


@POSITION.register("rope_yarn", dim=8, theta=10.0, trained_length=64, beta_fast=4.0)
class YarnRotary(RotaryPosition):
    """Rotary with rates slowed along a ramp, q and k scaled (Peng et al., 2023, https://arxiv.org/abs/2309.00071).

    Along the ramp over the pairs, rate becomes rate / factor; q and k are multiplied by 0.1 ln(factor) + 1. `factor`
    says how far the context is stretched. `trained_length` is the length that turns are counted in. `beta_fast` is how
    often the pair turns that the ramp begins at. `beta_slow` is that of the pair it ends at. `truncate` rounds both
    ends outwards to whole pairs. `mscale` a and b give (0.1 a ln(factor) + 1) / (0.1 b ln(factor) + 1) in place of that
    formula. `mscale_all_dim` is b. `magnitude` multiplies q and k in place of that formula. `theta` is the base. `dim`
    numbers of each head are rotated, all by default. `layout` pairs number i with i + dim/2 (`halves`) or neighbours
    (`interleaved`). `ids` counts slots (`arange`) or real tokens (`mask`).
    """

    def __init__(
        self,
        site: Site,
        *,
        factor: Positive,
        trained_length: Count,
        beta_fast: Positive = 32.0,
        beta_slow: Positive = 1.0,
        truncate: Flag = True,
        magnitude: Positive | None = None,
        mscale: Positive | None = None,
        mscale_all_dim: Positive | None = None,
        theta: Positive = 10000.0,
        dim: Count | None = None,
        layout: Literal["halves", "interleaved"] = "halves",
        ids: Literal["arange", "mask"] = "arange",
    ) -> None:
        super().__init__(site, theta=theta, dim=dim, layout=layout, ids=ids)
        if (mscale is None) != (mscale_all_dim is None) or (mscale is not None and magnitude is not None):
            raise ValueError("rope_yarn takes mscale and mscale_all_dim together, or magnitude, or none of them")
        self.mscale = (mscale, mscale_all_dim)
        self.factor, self.trained_length, self.truncate = factor, trained_length, truncate
        self.betas, self.magnitude = (beta_fast, beta_slow), magnitude
        self.key = (*self.key, factor, trained_length, truncate, beta_fast, beta_slow, magnitude, *self.mscale)

    def rates(self, dim: int, exact: torch.dtype, context: Context) -> Tensor:
        rate = super().rates(dim, exact, context)
        start, end = self._ramp(dim)
        pairs = torch.arange(dim // 2, device=rate.device, dtype=exact)
        slowed = ((pairs - start) / max(end - start, 0.001)).clamp(0, 1)
        return rate * (1 - slowed) + rate / self.factor * slowed

    def _ramp(self, dim: int) -> tuple[float, float]:
        """The first and the last pair of the ramp."""
        start, end = (
            dim * math.log(self.trained_length / (turns * 2 * math.pi)) / (2 * math.log(self.theta))
            for turns in self.betas
        )
        if self.truncate:
            start, end = math.floor(start), math.ceil(end)
        return max(start, 0), min(end, dim - 1)

    def amplitude(self) -> float:
        growth = 0.1 * math.log(max(self.factor, 1.0))
        over, under = self.mscale
        if over is not None and under is not None:
            return (over * growth + 1) / (under * growth + 1)
        return self.magnitude or growth + 1
