"""Sinusoids of the position and of the step, added before the block at every depth."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from variants.context import Context
from variants.parts import Site
from variants.position.sinusoidal import SinusoidalPosition
from variants.registry import POSITION


@POSITION.register("coordinate")
class CoordinatePosition(SinusoidalPosition):
    """Sinusoids of position i plus those of step t = 1, 2, ... (Dehghani et al., 2018, https://arxiv.org/abs/1807.03819).

    They are added to what each block reads and passes on, so that one shared block can tell its turns apart. The
    halting of single positions, an extension of the same paper, is left out. `ids` counts slots (`arange`) or real
    tokens (`mask`).
    """

    hooks = frozenset({"step"})

    def __init__(self, site: Site, *, ids: Literal["arange", "mask"] = "arange") -> None:
        super().__init__(site, ids=ids)

    def embed(self, x_BTD: Tensor, context: Context) -> Tensor:
        return x_BTD

    def step(self, x_BTD: Tensor, context: Context, depth: int) -> Tensor:
        turn = torch.tensor(depth + 1, device=x_BTD.device)
        exact = torch.promote_types(x_BTD.dtype, torch.float32)
        key = ("coordinate", depth, self.width, exact)
        turn_D: Tensor = context.table(key, lambda: self._table(turn, exact))
        return super().embed(x_BTD, context) + turn_D.to(x_BTD.dtype)
