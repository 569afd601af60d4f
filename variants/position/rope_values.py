"""Rotary positions that turn values as well, so that what is read tells where it stood."""

from __future__ import annotations

from torch import Tensor

from variants.context import Context
from variants.position.rope import RotaryPosition
from variants.registry import POSITION


@POSITION.register("rope_values", dim=4)
class RotaryValues(RotaryPosition):
    """Rotates v as q and k, by position / theta^(2i/dim) (Su et al., 2021, https://arxiv.org/abs/2104.09864).

    Values keep their absolute position, so that padding on the left is felt. `theta` is the base. `dim` numbers of each
    head are rotated, all by default. `layout` pairs number i with i + dim/2 (`halves`) or neighbours (`interleaved`).
    `ids` counts slots (`arange`) or real tokens (`mask`).

    Raises:
        ValueError: an odd number of dimensions would be rotated.
    """

    hooks = frozenset({"rotate", "rotate_values"})
    is_relative = False

    def rotate_values(self, v_BGTK: Tensor, context: Context) -> Tensor:
        return self._turn(v_BGTK, *self._waves(v_BGTK, context))
