"""Normal initialisation with one standard deviation for all matrices."""

from __future__ import annotations

from torch import Tensor, nn

from catalog.types import Flag, Positive
from variants.parts import Init, Site
from variants.projections import WritesStream
from variants.registry import INIT


@INIT.register("normal")
class NormalInit(Init):
    """N(0, std^2) for every matrix and table (Radford et al., 2018, the GPT family's rule, https://openai.com/research).

    `std` is the standard deviation. `scale_outputs` divides what writes to the stream by sqrt(2 * n_layers), as GPT-2
    does.
    """

    def __init__(self, site: Site, *, std: Positive = 0.02, scale_outputs: Flag = False) -> None:
        super().__init__()
        self.std, self.scale_outputs = std, scale_outputs

    def fill(self, noise: Tensor, role: str, module: nn.Module, fan_in: int, fan_out: int, n_layers: int) -> Tensor:
        scaled = self.scale_outputs and isinstance(module, WritesStream)
        return noise * (self.std / (2 * n_layers) ** 0.5 if scaled else self.std)
