"""Output-norm residuals: what a branch writes is normalised, what it reads is not."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from catalog.types import Flag, Probability
from variants.parts import Joint, ResidualScheme, Site
from variants.registry import RESIDUAL


class OutputNormJoint(Joint):
    """x + norm(branch(x)), with one norm for each branch."""

    def __init__(self, norms: list[nn.Module], dropout: float) -> None:
        super().__init__()
        self.norms, self.dropout = nn.ModuleList(norms), dropout

    def read(self, stream: Any) -> list[Tensor]:
        return [stream] * len(self.norms)

    def write(self, stream: Any, outputs: list[Tensor]) -> Any:
        for norm, y_BTD in zip(self.norms, outputs, strict=True):
            y = norm(y_BTD)
            stream = stream + (F.dropout(y, self.dropout, self.training) if self.dropout else y)
        return stream


@RESIDUAL.register("output_norm")
class OutputNorm(ResidualScheme):
    """x + norm(f(x)), as in Swin V2 (Liu et al., 2021, https://arxiv.org/abs/2111.09883) and OLMo 2.

    `final_norm` adds one norm after the last block. `dropout` acts on what a branch writes.
    """

    hooks = frozenset({"norm"})

    def __init__(self, site: Site, *, final_norm: Flag = True, dropout: Probability = 0.0) -> None:
        super().__init__()
        self.final_norm = site.make_norm() if final_norm else None
        self.dropout = dropout

    def joint(self, site: Site, n_branches: int) -> Joint:
        return OutputNormJoint([site.make_norm() for _ in range(n_branches)], self.dropout)

    def close(self, stream: Any) -> Tensor:
        x: Tensor = stream if self.final_norm is None else self.final_norm(stream)
        return x
