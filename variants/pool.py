"""One vector per sequence: the first real slot, the last, or the mean of the real ones."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


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


POOLS: dict[str, Callable[[Tensor, Tensor | None], Tensor]] = {"first": first, "last": last, "mean": mean}
