"""Pre-norm residuals: the stream itself is never normalised until the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from torch import Tensor, nn
from torch.nn import functional as F

from catalog.types import Flag, Positive, Probability
from variants.binding import Step, bind, binds
from variants.context import Context
from variants.parts import Joint, ResidualScheme, Site
from variants.registry import RESIDUAL


class PreNormJoint(Joint):
    """x + scale * sum of branch(norm(x)); side-by-side branches share one norm or have one each."""

    def __init__(self, norms: list[nn.Module], n_branches: int, scale: float, dropout: float) -> None:
        super().__init__()
        self.norms = nn.ModuleList(norms)
        self.n_branches, self.scale, self.dropout = n_branches, scale, dropout

    def read(self, stream: Any) -> list[Tensor]:
        normed = [norm(stream) for norm in self.norms]
        return normed if len(normed) == self.n_branches else normed * self.n_branches

    def write(self, stream: Any, outputs: list[Tensor]) -> Any:
        for y_BTD in outputs:
            y = F.dropout(y_BTD, self.dropout, self.training) if self.dropout else y_BTD
            stream = stream + (y if self.scale == 1.0 else y * self.scale)
        return stream


@RESIDUAL.register("pre_norm")
class PreNorm(ResidualScheme):
    """x + f(norm(x)), and one norm after the last block (Xiong et al., 2020, https://arxiv.org/abs/2002.04745).

    `final_norm` keeps that last norm. `norms` says whether branches side by side share one norm (GPT-J) or have one
    each (GPT-NeoX). `scale` multiplies what a branch writes. `bare_first` leaves out the norm before the stack's first
    sublayer (ModernBERT, whose embedding is normalised already).
    """

    hooks = frozenset({"norm"})

    def __init__(
        self,
        site: Site,
        *,
        final_norm: Flag = True,
        norms: Literal["shared", "each"] = "shared",
        scale: Positive = 1.0,
        bare_first: Flag = False,
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        self.final_norm = site.make_norm() if final_norm else None
        self.norms, self.scale, self.bare_first, self.dropout = norms, scale, bare_first, dropout

    def joint(self, site: Site, n_branches: int) -> Joint:
        if self.norms == "each" and n_branches == 1:
            raise ValueError("norms='each' needs branches side by side; this sublayer has one")
        count = 1 if self.norms == "shared" else n_branches
        bare = self.bare_first and site.layer == site.sublayer == 0
        norms: list[nn.Module] = [nn.Identity() if bare else site.make_norm() for _ in range(count)]
        return PreNormJoint(norms, n_branches, self.scale, self.dropout)

    def close(self, stream: Any) -> Tensor:
        x: Tensor = stream if self.final_norm is None else self.final_norm(stream)
        return x


@binds(PreNormJoint)
def _bind(joint: PreNormJoint, context: Context, branches: Sequence[Step]) -> Step | None:
    if len(branches) > 1 or joint.scale != 1.0:
        return None
    norm, branch = bind(joint.norms[0], context), branches[0]
    return lambda x_B1D: x_B1D + branch(norm(x_B1D))
