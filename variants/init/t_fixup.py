"""T-Fixup initialisation: small enough first values that a Transformer needs neither norms nor warm-up."""

from __future__ import annotations

from torch import Tensor, nn

from variants.init.deepnet import PLAIN
from variants.init.xavier import XavierInit
from variants.parts import Init, Site
from variants.projections import Table
from variants.registry import INIT

SHRINK = {"encoder": (0.67, 1.0), "decoder": (1.0, 9.0)}  # a, b of a * (b N)^(-1/4)


@INIT.register("t_fixup")
class TFixupInit(Init):
    """Xavier times (9N)^(-1/4), 0.67 N^(-1/4) in an encoder (https://proceedings.mlr.press/v119/huang20f.html).

    N is the number of layers (Huang et al., 2020). Queries and keys are not shrunk. Token tables are N(0, 1 / width),
    times (9N)^(-1/4). It belongs to the residual scheme sum, without norms.
    """

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.plain = XavierInit(site)

    def fill(self, noise: Tensor, role: str, module: nn.Module, fan_in: int, fan_out: int, n_layers: int) -> Tensor:
        value = self.plain.fill(noise, role, module, fan_in, fan_out, n_layers)
        names = role.split(".")
        if isinstance(module, Table):
            return value if names[0] in SHRINK else value * (9 * n_layers) ** -0.25
        if "branches" not in names or PLAIN & set(names):
            return value
        a, b = SHRINK[names[0]]
        shrunk: Tensor = value * (a * (b * n_layers) ** -0.25)
        return shrunk
