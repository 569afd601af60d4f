"""Disentangled attention: content meets content, and each meets the vector of their distance."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from catalog.types import Count, Flag, Positive, Probability, VisibilityPart
from variants.attend import Scores, attend
from variants.biases import Bias, biased
from variants.conjunction import both
from variants.context import Context
from variants.keep import keep
from variants.parts import Mixer, Position, Site, Visibility
from variants.position.disentangled import DistanceVectors
from variants.projections import OutputLinear, SlicedLinear
from variants.registry import ATTENTION
from variants.scores import softmax_over


@ATTENTION.register("disentangled", n_heads=4)
class DisentangledAttention(Mixer):
    """Softmax over (q.k + q.K d + k.Q d) / sqrt(3 d_head) (DeBERTa, He et al., 2020, https://arxiv.org/abs/2006.03654).

    d is the vector of the distance between query and key, from the stack's `disentangled` position. `n_heads` is the
    number of heads. `bias` names the projections that have one. `scale` multiplies scores, 1/sqrt(3 d_head) by default.
    `shared` lets the projections of queries and keys serve as Q and K (DeBERTa-V2); otherwise each layer has its own, K
    without a bias. `visibility` narrows the stack's for this branch.

    Raises:
        ValueError: the head count does not divide, or the stack has no such position.
    """

    hooks = frozenset({"embed", "distances"})

    def __init__(
        self,
        site: Site,
        *,
        n_heads: Count,
        bias: Bias = "qvo",
        scale: Positive | None = None,
        shared: Flag = False,
        visibility: VisibilityPart | None = None,
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        if site.width % n_heads:
            raise ValueError(f"n_heads={n_heads} does not divide d_model={site.width}; give another")
        if "distances" not in site.hooks:
            raise ValueError(
                "disentangled attention meets vectors of distances; give the stack `position: disentangled`"
            )
        width = site.width
        self.n_heads, self.dropout = n_heads, dropout
        self.qkv = SlicedLinear(width, {"q": width, "k": width, "v": width}, biased(bias))
        self.distance_q = None if shared else nn.Linear(width, width)
        self.distance_k = None if shared else nn.Linear(width, width, bias=False)
        self.o = OutputLinear(width, width, bias="o" in biased(bias))
        self.given_scale, self.scale = scale, scale or (3 * width // n_heads) ** -0.5
        self.visibility = both(site.visibility, site.part("visibility", visibility))

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        q, k, v = (self._heads(y) for y in self.qkv(x_BTD))
        k, v = keep(k, v, self.visibility, context)
        scores = Scores(self.scale, dropout=self.dropout if self.training else 0.0)
        bias = self._by_distance(q, k, self._position(context), context) * self.scale
        y_BHTK = attend(q, k, v, scores, bias, self.visibility, context)
        out: Tensor = self.o(y_BHTK.transpose(1, 2).flatten(2))
        return out

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        q, k, v = (self._heads(y) for y in self.qkv(x_BTD))
        position = self._position(context)
        q_RD, k_RD = self._distances(position.vectors())
        rows = position.rows(context)
        q_BTSHK, k_BTSHK = (self._split(y[rows.reshape(-1, *rows.shape[-2:])]) for y in (q_RD, k_RD))
        scores = q @ k.mT
        scores = scores + torch.einsum("bhtk,btshk->bhts", q, k_BTSHK) + torch.einsum("bhsk,btshk->bhts", k, q_BTSHK)
        scores = scores * (self.given_scale or 1 / math.sqrt(3 * q.shape[-1]))
        y_BHTK = softmax_over(scores, context.mask(self.visibility)) @ v
        out: Tensor = self.o(y_BHTK.transpose(1, 2).flatten(2))
        return out

    def _distances(self, vectors_RD: Tensor) -> tuple[Tensor, Tensor]:
        """Q d and K d of every distance."""
        if self.distance_q is None or self.distance_k is None:
            q_RD, k_RD, _ = self.qkv(vectors_RD)
            return q_RD, k_RD
        return self.distance_q(vectors_RD), self.distance_k(vectors_RD)

    def _by_distance(self, q: Tensor, k: Tensor, position: DistanceVectors, context: Context) -> Tensor:
        """q_i.K d_(i-j) + k_j.Q d_(i-j), (B, H, T, S)."""
        index = position.rows(context)
        q_RD, k_RD = self._distances(position.vectors())
        q_HRK, k_HRK = (self._split(y).transpose(0, 1) for y in (q_RD, k_RD))
        by_query_BHTR, by_key_BHSR = q @ k_HRK.mT, k @ q_HRK.mT
        index = index.expand(*q.shape[:2], -1, -1)
        total: Tensor = by_query_BHTR.gather(-1, index) + by_key_BHSR.gather(-1, index.mT).mT
        return total

    def _heads(self, y: Tensor) -> Tensor:
        return self._split(y).transpose(1, 2)

    def _split(self, y: Tensor) -> Tensor:
        return y.reshape(*y.shape[:-1], self.n_heads, -1)

    def _position(self, context: Context) -> DistanceVectors:
        return next(p for p in context.positions if isinstance(p, DistanceVectors))

    def flops(self, tokens: int, pairs: int) -> int:
        """Products with the distances' vectors are left out, since their number is the position's."""
        return 2 * tokens * (self.qkv.weight.numel() + self.o.weight.numel()) + 4 * pairs * self.o.weight.shape[1]

    def sees(self) -> Visibility:
        return self.visibility

    def dead_parameters(self, positions: tuple[Position, ...]) -> dict[str, str]:
        return {}
