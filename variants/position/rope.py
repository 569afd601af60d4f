"""Rotary positions: queries and keys are turned by angles that grow with position."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from catalog.types import Count, Positive
from variants.context import Context
from variants.parts import Position, Site
from variants.registry import POSITION


@POSITION.register("rope", dim=4)
class RotaryPosition(Position):
    """Rotates pairs of q and k by position / theta^(2i/dim) (Su et al., 2021, https://arxiv.org/abs/2104.09864).

    `theta` is the base. `dim` numbers of each head are rotated, all by default. `layout` pairs number i with i + dim/2
    (`halves`, LLaMA) or neighbours (`interleaved`, GPT-J). `ids` counts slots (`arange`) or real tokens (`mask`).

    Raises:
        ValueError: an odd number of dimensions would be rotated, or more than a head has.
    """

    hooks = frozenset({"rotate"})
    is_relative = True
    reads_keys = True

    def __init__(
        self,
        site: Site,
        *,
        theta: Positive = 10000.0,
        dim: Count | None = None,
        layout: Literal["halves", "interleaved"] = "halves",
        ids: Literal["arange", "mask"] = "arange",
    ) -> None:
        super().__init__()
        self.theta, self.dim, self.layout, self.ids = theta, dim, layout, ids
        # what two schemes must share to use one table
        self.key: tuple[object, ...] = (type(self).__name__, theta, layout, ids)

    def check_heads(self, n_heads: int, d_head: int) -> None:
        if self.dim is not None and (self.dim % 2 or self.dim > d_head):
            raise ValueError(f"dim={self.dim} numbers of each head cannot turn in pairs; allowed: {_even(d_head)}")
        if self.dim is None and d_head % 2:
            raise ValueError(f"d_head={d_head} is odd, and numbers turn in pairs; give dim, allowed: {_even(d_head)}")

    def rates(self, dim: int, exact: torch.dtype, context: Context) -> Tensor:
        """Radians per position of each of the dim / 2 pairs."""
        return self.theta ** -self.steps(dim, exact, context)

    def steps(self, dim: int, exact: torch.dtype, context: Context) -> Tensor:
        """2i / dim for each pair i."""
        return torch.arange(0, dim, 2, device=context.device, dtype=exact) / dim

    def amplitude(self) -> float:
        """What cosines and sines are multiplied by."""
        return 1.0

    def rotate(self, q_BHTK: Tensor, k_BGTK: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        waves = self._waves(q_BHTK, context)
        return self._turn(q_BHTK, *waves), self._turn(k_BGTK, *waves)

    def _waves(self, x: Tensor, context: Context) -> tuple[Tensor, Tensor, int]:
        """Cosines and sines for heads as in x, and how many of their numbers are rotated."""
        dim = self.dim or x.shape[-1]
        exact = torch.promote_types(x.dtype, torch.float32)
        key = (*self.key, dim, exact)
        cos, sin = context.rows(key, self.ids, lambda ids: self._table(ids, dim, exact, context))
        return cos, sin, dim

    def _table(self, ids: Tensor, dim: int, exact: torch.dtype, context: Context) -> tuple[Tensor, Tensor]:
        angles = ids.to(exact)[..., None] * self.rates(dim, exact, context)
        angles = angles.repeat_interleave(2, -1) if self.layout == "interleaved" else torch.cat([angles, angles], -1)
        angles = angles if angles.dim() == 2 else angles[:, None]
        return angles.cos() * self.amplitude(), angles.sin() * self.amplitude()

    def _turn(self, x: Tensor, cos: Tensor, sin: Tensor, dim: int) -> Tensor:
        cos, sin = cos.to(x.dtype), sin.to(x.dtype)
        head, tail = (x, None) if dim == x.shape[-1] else (x[..., :dim], x[..., dim:])
        turned = head * cos + self._quarter(head) * sin
        return turned if tail is None else torch.cat([turned, tail], -1)

    def _quarter(self, x: Tensor) -> Tensor:
        if self.layout == "interleaved":
            a, b = x[..., 0::2], x[..., 1::2]
            return torch.stack([-b, a], -1).flatten(-2)
        a, b = x.chunk(2, -1)
        return torch.cat([-b, a], -1)


def _even(most: int) -> str:
    """The even numbers from 2 to `most`, in words."""
    return f"an even number from 2 to {most - most % 2}"
