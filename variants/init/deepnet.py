"""DeepNet initialisation: Xavier with a smaller gain, by depth, on all that feeds the stream's scale."""

from __future__ import annotations

from torch import Tensor, nn

from catalog.types import Positive
from variants.init.xavier import XavierInit
from variants.parts import Init, Site
from variants.registry import INIT

PLAIN = frozenset({"q", "k"})  # these only shape the weights of attention


@INIT.register("deepnet")
class DeepNetInit(Init):
    """Xavier with gain beta in blocks, but 1 for queries and keys (Wang et al., 2022, https://arxiv.org/abs/2203.00555).

    It belongs to the residual scheme deepnorm; beta is (8N)^(-1/4), that of a stack of N layers alone. `gain`
    multiplies it: a decoder beside an encoder takes (2/3)^(1/4).
    """

    def __init__(self, site: Site, *, gain: Positive = 1.0) -> None:
        super().__init__()
        self.gain, self.plain = gain, XavierInit(site)

    def fill(self, noise: Tensor, role: str, module: nn.Module, fan_in: int, fan_out: int, n_layers: int) -> Tensor:
        value = self.plain.fill(noise, role, module, fan_in, fan_out, n_layers)
        names = role.split(".")
        if "branches" not in names or PLAIN & set(names):
            return value
        beta: float = self.gain * (8 * n_layers) ** -0.25
        return value * beta
