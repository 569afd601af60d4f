"""The order in which a recurrence reads the slots: real ones first, forwards or backwards, padding at the end."""

from __future__ import annotations

import torch
from torch import Tensor


def reading_order(mask_BT: Tensor | None, like_BTD: Tensor, backward: bool = False) -> Tensor | None:
    """Slot numbers (B, T) in reading order, so that padding comes after all that is real; None: as they stand."""
    if mask_BT is None and not backward:
        return None
    batch, length = like_BTD.shape[:2]
    slots = torch.arange(length, device=like_BTD.device)
    when = length - 1 - slots if backward else slots
    if mask_BT is None:
        return when.expand(batch, length)
    return torch.where(mask_BT, when, when + length).argsort(1)


def reorder(x_BTD: Tensor, order_BT: Tensor | None) -> Tensor:
    """The slots of x in reading order."""
    return x_BTD if order_BT is None else x_BTD.gather(1, order_BT[..., None].expand_as(x_BTD))


def restore(y_BTD: Tensor, order_BT: Tensor | None) -> Tensor:
    """The inverse of `reorder`."""
    return y_BTD if order_BT is None else reorder(y_BTD, order_BT.argsort(1))


def real_slots(mask_BT: Tensor | None, row: int, like_BTD: Tensor) -> Tensor:
    """The numbers of a row's real slots, in order."""
    return torch.arange(like_BTD.shape[1]) if mask_BT is None else mask_BT[row].nonzero()[:, 0]
