"""Bucketed relative biases: one learned number per head and logarithmic bucket of the distance."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from catalog.types import Count
from variants.context import Context
from variants.parts import Position, Site
from variants.projections import Table
from variants.registry import POSITION


@POSITION.register("t5_bucket", n_heads=4, n_buckets=8, max_distance=9)
class BucketedBias(Position):
    """b[head, bucket(j - i)] added to each score (Raffel et al., 2019, https://arxiv.org/abs/1910.10683).

    Half of the buckets hold one distance each, the other half grow by a constant factor. `max_distance` is where the
    last one starts to take all that is farther. `n_buckets` is the number of buckets. `n_heads` is that of the
    attention. Where the stack sees later slots, they and the earlier ones have half of the buckets each. `ids` counts
    slots (`arange`) or real tokens (`mask`).

    Raises:
        ValueError: there are too few buckets for the distance, or the attention has another number of heads.
    """

    hooks = frozenset({"bias"})
    is_relative = True

    def __init__(
        self,
        site: Site,
        *,
        n_heads: Count,
        n_buckets: Count = 32,
        max_distance: Count = 128,
        ids: Literal["arange", "mask"] = "arange",
    ) -> None:
        super().__init__()
        self.bidirectional = site.visibility is None or not site.visibility.is_streaming
        self.one_way = n_buckets // 2 if self.bidirectional else n_buckets
        if self.one_way < 2 or max_distance <= self.one_way // 2:
            raise ValueError(
                f"n_buckets={n_buckets} and max_distance={max_distance}: each direction needs 2 buckets or more, "
                f"and a distance above {self.one_way // 2}"
            )
        self.table = Table(n_buckets, n_heads)
        self.n_heads, self.max_distance, self.ids = n_heads, max_distance, ids

    def check_heads(self, n_heads: int, d_head: int) -> None:
        if n_heads != self.n_heads:
            raise ValueError(
                f"t5_bucket has n_heads={self.n_heads}, but the attention has {n_heads}; give both the same"
            )

    def bias(self, q_BHTK: Tensor, k_BHSK: Tensor, context: Context) -> Tensor:
        bias: Tensor = context.table(("t5_bucket", self), lambda: self._bias(context))
        return bias

    def _bias(self, context: Context) -> Tensor:
        ahead = context.key_ids(self.ids)[..., None, :] - context.query_ids(self.ids)[..., :, None]
        bias: Tensor = self.table(self.bucket(ahead)).movedim(-1, -3)
        return bias if bias.dim() == 4 else bias[None]

    def bucket(self, ahead: Tensor) -> Tensor:
        """The bucket of each signed distance key - query."""
        later = (ahead > 0).long() * self.one_way if self.bidirectional else 0
        distance = ahead.abs() if self.bidirectional else (-ahead).clamp_min(0)
        exact = self.one_way // 2
        # the clamp keeps log finite; those distances take the exact branch
        ratio = torch.log(distance.clamp_min(1).float() / exact) / math.log(self.max_distance / exact)
        coarse = (exact + (ratio * (self.one_way - exact)).long()).clamp_max(self.one_way - 1)
        return torch.where(distance < exact, distance, coarse) + later
