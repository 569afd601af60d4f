"""Padding moved to one side, so that a row means the same wherever its padding stood."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

Padded = tuple[Tensor, Tensor | None]


def align(x_BT: Tensor, mask_BT: Tensor | None, pad: Literal["left", "right"], what: str) -> Padded:
    """The real tokens of each row in order, with padding at one side and as little of it as there can be.

    The mask is None where nothing is padding.

    Raises:
        ValueError: `what` is no batch of rows, the mask has another shape, or a row has no real token.
    """
    if x_BT.dim() != 2:
        raise ValueError(f"{what} is {tuple(x_BT.shape)}; allowed: (B, T), rows of token ids")
    if mask_BT is not None and mask_BT.shape != x_BT.shape[:2]:
        shape, wanted = tuple(mask_BT.shape), tuple(x_BT.shape[:2])
        raise ValueError(f"the mask of {what} is {shape}; allowed: {wanted}, True on real tokens")
    if mask_BT is None or bool(mask_BT.all()):
        return x_BT, None
    counts = mask_BT.sum(1)
    if not bool(counts.all()):
        raise ValueError(f"row {int(counts.argmin())} of {what} has no real token; its mask is all False")
    width = int(counts.max())
    order = mask_BT.int().argsort(dim=1, descending=pad == "right", stable=True)
    order = order[:, :width] if pad == "right" else order[:, -width:]
    real = mask_BT.gather(1, order)
    return x_BT.gather(1, order), None if bool(real.all()) else real
