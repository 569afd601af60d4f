"""Scores that sharpen with position: queries are multiplied by a factor that grows with the logarithm of theirs."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from catalog.types import Count, Positive, Whole
from variants.context import Context
from variants.parts import Position, Site
from variants.registry import POSITION


@POSITION.register("query_temperature", length=4)
class QueryTemperature(Position):
    """q (1 + b ln(1 + floor((i + o) / L))) (scalable softmax, Nakanishi, 2025, https://arxiv.org/abs/2501.19399).

    As in Llama 4 and Ministral 3, the factor is 1 up to position L. `length` is L. `growth` is b. `offset` is o. `ids`
    counts slots (`arange`) or real tokens (`mask`).
    """

    hooks = frozenset({"rotate"})

    def __init__(
        self,
        site: Site,
        *,
        length: Count,
        growth: Positive = 0.1,
        offset: Whole = 0,
        ids: Literal["arange", "mask"] = "arange",
    ) -> None:
        super().__init__()
        self.length, self.growth, self.offset, self.ids = length, growth, offset, ids

    def rotate(self, q_BHTK: Tensor, k_BGTK: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        ids = context.query_ids(self.ids).to(torch.promote_types(q_BHTK.dtype, torch.float32))
        factor = 1 + self.growth * torch.log1p(torch.floor((ids + self.offset) / self.length))
        factor = factor if factor.dim() == 1 else factor[:, None]
        return q_BHTK * factor[..., None].to(q_BHTK.dtype), k_BGTK
