"""DeepNorm: post-norm residuals whose stream is scaled up by depth."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional as F

from catalog.types import Positive, Probability
from variants.parts import Joint, Norm, ResidualScheme, Site
from variants.registry import RESIDUAL


class DeepNormJoint(Joint):
    """norm(alpha * x + sum of branch(x))."""

    def __init__(self, norm: Norm, n_branches: int, alpha: float, dropout: float) -> None:
        super().__init__()
        self.norm, self.n_branches, self.alpha, self.dropout = norm, n_branches, alpha, dropout

    def read(self, stream: Any) -> list[Tensor]:
        return [stream] * self.n_branches

    def write(self, stream: Any, outputs: list[Tensor]) -> Any:
        stream = stream * self.alpha
        for y_BTD in outputs:
            stream = stream + (F.dropout(y_BTD, self.dropout, self.training) if self.dropout else y_BTD)
        return self.norm(stream)


@RESIDUAL.register("deepnorm")
class DeepNorm(ResidualScheme):
    """norm(alpha * x + f(x)) (Wang et al., 2022, https://arxiv.org/abs/2203.00555).

    `alpha` is by default that of N layers: (2N)^(1/4) for a stack alone, (3N)^(1/4) for a decoder beside an encoder.
    The encoder's depends on the decoder's M layers, 0.81 (N^4 M)^(1/16), and has to be given. The paper's gain on
    first values belongs to the init. `dropout` acts on what a branch writes.
    """

    hooks = frozenset({"norm"})

    def __init__(self, site: Site, *, alpha: Positive | None = None, dropout: Probability = 0.0) -> None:
        super().__init__()
        depth = 2 if site.d_memory is None else 3
        self.alpha, self.dropout = alpha or (depth * site.n_layers) ** 0.25, dropout

    def joint(self, site: Site, n_branches: int) -> Joint:
        return DeepNormJoint(site.make_norm(), n_branches, self.alpha, self.dropout)
