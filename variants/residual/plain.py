"""No residual at all: each sublayer's output replaces the stream, as in stacked recurrent networks."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional as F

from catalog.types import Probability
from variants.parts import Joint, ResidualScheme, Site
from variants.registry import RESIDUAL


class PlainJoint(Joint):
    """x becomes the sum of branch(x)."""

    def __init__(self, n_branches: int, dropout: float) -> None:
        super().__init__()
        self.n_branches, self.dropout = n_branches, dropout

    def read(self, stream: Any) -> list[Tensor]:
        return [stream] * self.n_branches

    def write(self, stream: Any, outputs: list[Tensor]) -> Any:
        y = torch_sum(outputs)
        return F.dropout(y, self.dropout, self.training) if self.dropout else y


def torch_sum(outputs: list[Tensor]) -> Tensor:
    total = outputs[0]
    for y in outputs[1:]:
        total = total + y
    return total


@RESIDUAL.register("plain")
class Plain(ResidualScheme):
    """f(x) takes the place of x (Elman, 1990, https://doi.org/10.1207/s15516709cog1402_1)."""

    def __init__(self, site: Site, *, dropout: Probability = 0.0) -> None:
        super().__init__()
        self.dropout = dropout

    def joint(self, site: Site, n_branches: int) -> Joint:
        return PlainJoint(n_branches, self.dropout)
