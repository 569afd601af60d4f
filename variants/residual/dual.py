"""ResiDual: a post-norm and a pre-norm stream side by side, added at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from catalog.types import Probability
from variants.parts import Joint, Norm, ResidualScheme, Site
from variants.registry import RESIDUAL

Streams = tuple[Tensor, Tensor]


class DualJoint(Joint):
    """Branches read the post-norm stream a and write to both: a = norm(a + f(a)), b = b + f(a)."""

    def __init__(self, norm: Norm, n_branches: int, dropout: float) -> None:
        super().__init__()
        self.norm, self.n_branches, self.dropout = norm, n_branches, dropout

    def read(self, stream: Any) -> list[Tensor]:
        return [stream[0]] * self.n_branches

    def write(self, stream: Any, outputs: list[Tensor]) -> Any:
        post, pre = stream
        for y_BTD in outputs:
            y = F.dropout(y_BTD, self.dropout, self.training) if self.dropout else y_BTD
            post, pre = post + y, pre + y
        return self.norm(post), pre


@RESIDUAL.register("dual")
class Dual(ResidualScheme):
    """a_L + norm(b_L), with a = norm(a + f(a)) and b = b + f(a) (Xie et al., 2023, https://arxiv.org/abs/2304.14802).

    Both streams start from the embedding. `dropout` acts on what a branch writes.
    """

    hooks = frozenset({"norm"})

    def __init__(self, site: Site, *, dropout: Probability = 0.0) -> None:
        super().__init__()
        self.final_norm = site.make_norm()
        self.dropout = dropout

    def open(self, x_BTD: Tensor) -> Streams:
        return x_BTD, x_BTD

    def joint(self, site: Site, n_branches: int) -> Joint:
        return DualJoint(site.make_norm(), n_branches, self.dropout)

    def change(self, stream: Any, function: Callable[[Tensor], Tensor]) -> Streams:
        post, pre = stream
        return function(post), pre

    def close(self, stream: Any) -> Tensor:
        post, pre = stream
        x: Tensor = post + self.final_norm(pre)
        return x
