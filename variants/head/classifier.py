"""The classification head: one vector per sequence, projected to the classes."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from catalog.types import Count, Flag
from variants.context import Context
from variants.parts import Embedding, Head, Site
from variants.registry import HEAD


@HEAD.register("classifier", n_classes=5)
class ClassifierHead(Head):
    """W pool(x) + b, with one logit per class (Devlin et al., 2018, https://arxiv.org/abs/1810.04805).

    `pool` takes the `first` slot, the `last` real one, or the `mean` of the real ones. `bias` adds one number per
    class.
    """

    def __init__(
        self, site: Site, *, n_classes: Count, pool: Literal["first", "last", "mean"] = "mean", bias: Flag = True
    ) -> None:
        super().__init__()
        self.project = nn.Linear(site.width, n_classes, bias=bias)
        self.pool = POOLS[pool]

    def forward(self, x_BTD: Tensor, context: Context, embedding: Embedding) -> Tensor:
        logits_BC: Tensor = self.project(self.pool(x_BTD, context.mask_BT))
        return logits_BC

    def flops(self, tokens: int) -> int:
        return 2 * self.project.weight.numel()


def first(x_BTD: Tensor, mask_BT: Tensor | None) -> Tensor:
    """The first real slot."""
    if mask_BT is None:
        return x_BTD[:, 0]
    return _take(x_BTD, mask_BT.int().argmax(1))


def last(x_BTD: Tensor, mask_BT: Tensor | None) -> Tensor:
    """The last real slot."""
    if mask_BT is None:
        return x_BTD[:, -1]
    slots = torch.arange(x_BTD.shape[1], device=x_BTD.device)
    return _take(x_BTD, (slots * mask_BT).argmax(1))


def mean(x_BTD: Tensor, mask_BT: Tensor | None) -> Tensor:
    """The mean of the real slots."""
    if mask_BT is None:
        return x_BTD.mean(1)
    weights = mask_BT.to(x_BTD.dtype)[..., None]
    return (x_BTD * weights).sum(1) / weights.sum(1).clamp_min(1)


def _take(x_BTD: Tensor, slot_B: Tensor) -> Tensor:
    index = slot_B[:, None, None].expand(-1, 1, x_BTD.shape[-1])
    return x_BTD.gather(1, index)[:, 0]


POOLS = {"first": first, "last": last, "mean": mean}
