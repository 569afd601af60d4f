"""Vectors of signed distances, which disentangled attention sets against queries and keys."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from catalog.types import Count, NormPart
from variants.context import Context
from variants.parts import Position, Site
from variants.projections import Table
from variants.registry import POSITION


@POSITION.register("disentangled", n_buckets=8)
class DistanceVectors(Position):
    """One learned vector per distance i - j, shared by all layers (He et al., 2020, https://arxiv.org/abs/2006.03654).

    Distances are clipped to -r .. r - 1. `max_distance` is r, the context's length by default. With `n_buckets` b there
    are vectors for -b .. b - 1 alone: half of them for one distance each, the others for ever longer spans up to
    max_distance (https://arxiv.org/abs/2111.09543). `norm` acts on the vectors. `ids` counts slots (`arange`) or real
    tokens (`mask`).

    Raises:
        ValueError: there are too few buckets for the distance.
    """

    hooks = frozenset({"distances"})
    is_relative = True
    reads_keys = True

    def __init__(
        self,
        site: Site,
        *,
        max_distance: Count | None = None,
        n_buckets: Count | None = None,
        norm: NormPart | None = None,
        ids: Literal["arange", "mask"] = "arange",
    ) -> None:
        super().__init__()
        self.max_distance, self.n_buckets, self.ids = max_distance or site.context_length, n_buckets, ids
        if n_buckets is not None and not 1 < n_buckets // 2 < self.max_distance - 1:
            raise ValueError(f"n_buckets={n_buckets} must be 4 or more, and max_distance={max_distance} above its half")
        self.span = n_buckets or self.max_distance
        self.table = Table(2 * self.span, site.width)
        self.norm = site.part("norm", norm)

    def vectors(self) -> Tensor:
        """The vectors, (R, D)."""
        rows: Tensor = self.table.weight if self.norm is None else self.norm(self.table.weight)
        return rows

    def rows(self, context: Context) -> Tensor:
        """The row of each query-key pair, (T, S) or (B, 1, T, S)."""
        key = ("disentangled", self.max_distance, self.n_buckets, self.ids)
        index: Tensor = context.table(key, lambda: self._rows(context))
        return index

    def _rows(self, context: Context) -> Tensor:
        distance = context.query_ids(self.ids)[..., :, None] - context.key_ids(self.ids)[..., None, :]
        rows = (self.bucket(distance) + self.span).clamp(0, 2 * self.span - 1)
        return rows if rows.dim() == 2 else rows[:, None]

    def bucket(self, distance: Tensor) -> Tensor:
        """Signed buckets of signed distances."""
        if self.n_buckets is None:
            return distance
        half = self.n_buckets // 2
        size = distance.abs().clamp_min(half).double()
        coarse = torch.ceil(torch.log(size / half) / math.log((self.max_distance - 1) / half) * (half - 1)) + half
        return torch.where(distance.abs() <= half, distance, coarse.long() * distance.sign())
