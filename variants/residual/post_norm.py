"""Post-norm residuals: the stream is normalised after every sublayer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from catalog.types import Probability
from variants.binding import Step, bind, binds
from variants.context import Context
from variants.parts import Joint, Norm, ResidualScheme, Site
from variants.registry import RESIDUAL


class PostNormJoint(Joint):
    """norm(x + sum of branch(x))."""

    def __init__(self, norm: Norm, n_branches: int, dropout: float) -> None:
        super().__init__()
        self.norm, self.n_branches, self.dropout = norm, n_branches, dropout

    def read(self, stream: Any) -> list[Tensor]:
        return [stream] * self.n_branches

    def write(self, stream: Any, outputs: list[Tensor]) -> Any:
        for y_BTD in outputs:
            stream = stream + (F.dropout(y_BTD, self.dropout, self.training) if self.dropout else y_BTD)
        return self.norm(stream)


@RESIDUAL.register("post_norm")
class PostNorm(ResidualScheme):
    """norm(x + f(x)), the placement of 2017 (Vaswani et al., https://arxiv.org/abs/1706.03762)."""

    hooks = frozenset({"norm"})

    def __init__(self, site: Site, *, dropout: Probability = 0.0) -> None:
        super().__init__()
        self.dropout = dropout

    def joint(self, site: Site, n_branches: int) -> Joint:
        return PostNormJoint(site.make_norm(), n_branches, self.dropout)


@binds(PostNormJoint)
def _bind(joint: PostNormJoint, context: Context, branches: Sequence[Step]) -> Step | None:
    if len(branches) > 1:
        return None
    norm, branch = bind(joint.norm, context), branches[0]
    return lambda x_B1D: norm(x_B1D + branch(x_B1D))
