"""Linear biases: each head subtracts its slope times the distance."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from variants.context import Context
from variants.parts import Position, Site
from variants.registry import POSITION


@POSITION.register("alibi")
class LinearBias(Position):
    """-slope * |i - j| added to each score (Press et al., 2021, https://arxiv.org/abs/2108.12409).

    Slopes are 2^(-8 h / H) for head h of H, a power of two; other numbers of heads take those of the power below, and
    every second one of the power above. Nothing is learned. `ids` counts slots (`arange`) or real tokens (`mask`).
    """

    hooks = frozenset({"bias"})
    is_relative = True

    def __init__(self, site: Site, *, ids: Literal["arange", "mask"] = "arange") -> None:
        super().__init__()
        self.ids = ids

    def bias(self, q_BHTK: Tensor, k_BHSK: Tensor, context: Context) -> Tensor:
        n_heads = q_BHTK.shape[1]
        bias: Tensor = context.table(("alibi", n_heads, self.ids), lambda: self._bias(n_heads, context))
        return bias.to(q_BHTK.dtype)

    def _bias(self, n_heads: int, context: Context) -> Tensor:
        ahead = context.key_ids(self.ids)[..., None, :] - context.query_ids(self.ids)[..., :, None]
        slopes = torch.tensor(slopes_of(n_heads), device=ahead.device)
        bias = -slopes[:, None, None] * ahead.abs().float()[..., None, :, :]
        return bias if bias.dim() == 4 else bias[None]


def slopes_of(n_heads: int) -> list[float]:
    """One slope per head."""
    power = 2 ** math.floor(math.log2(n_heads))
    below = [2.0 ** (-8.0 * h / power) for h in range(1, power + 1)]
    above = [2.0 ** (-4.0 * h / power) for h in range(1, 2 * power + 1, 2)]
    return below + above[: n_heads - power]
