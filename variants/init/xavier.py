"""Xavier (Glorot) initialisation."""

from __future__ import annotations

from torch import Tensor, nn

from catalog.types import Positive
from variants.parts import Init, Site
from variants.projections import Table
from variants.registry import INIT


@INIT.register("xavier")
class XavierInit(Init):
    """N(0, 2 gain^2 / (fan_in + fan_out)) (Glorot and Bengio, 2010, https://proceedings.mlr.press/v9/glorot10a.html).

    `gain` multiplies every matrix. Tables are N(0, 1 / width), so that a tied head starts with logits of order one.
    """

    def __init__(self, site: Site, *, gain: Positive = 1.0) -> None:
        super().__init__()
        self.gain = gain

    def fill(self, noise: Tensor, role: str, module: nn.Module, fan_in: int, fan_out: int, n_layers: int) -> Tensor:
        if isinstance(module, Table):
            return noise.mul(fan_in**-0.5)
        return noise.mul(self.gain * (2.0 / (fan_in + fan_out)) ** 0.5)
