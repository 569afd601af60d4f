"""A router that weighs each chosen expert against its near rivals alone."""

from __future__ import annotations

import torch
from torch import Tensor

from catalog.types import Count, Positive
from variants.context import Context
from variants.parts import Site
from variants.registry import ROUTER
from variants.routing import Router, refuse


@ROUTER.register("sparse_mixer", n_active=2, band=1.0)
class SparseMixer(Router):
    """The best expert's p is its part of a softmax over those near it (Liu et al., 2024, https://arxiv.org/abs/2409.12136).

    Then the best of the others is chosen, and so on: `n_active` experts serve each token. `band` says what is near:
    scores s that are below the best score b by no more than so many times max(|s|, b).

    The paper draws experts in training and estimates the router's gradient; here training computes what evaluation
    does, and an expert without near rivals gives the router none.

    Raises:
        ValueError: more experts are active than there are.
    """

    def __init__(self, site: Site, *, n_active: Count, band: Positive = 0.02) -> None:
        super().__init__(site)
        refuse(n_active > self.n_experts, f"n_active={n_active} is more than n_experts={self.n_experts}")
        self.n_active, self.band = n_active, band

    def forward(self, x_BTD: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        scores_BTE = self.logits(x_BTD)
        context.capture("router", scores_BTE.softmax(-1))
        left_BTE, weights, chosen = scores_BTE, [], []
        for _ in range(self.n_active):
            best_BT1, expert_BT1 = left_BTE.max(-1, keepdim=True)
            far_BTE = (best_BT1 - scores_BTE) > self.band * torch.maximum(scores_BTE.abs(), best_BT1)
            weights.append(left_BTE.masked_fill(far_BTE, float("-inf")).softmax(-1).gather(-1, expert_BT1))
            chosen.append(expert_BT1)
            left_BTE = left_BTE.scatter(-1, expert_BT1, float("-inf"))
        return torch.cat(weights, -1), torch.cat(chosen, -1)

    def plain(self, x_BTD: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Token after token."""
        tokens = [self._single(s_E) for s_E in self.logits(x_BTD).flatten(0, 1)]
        weights, chosen = (torch.stack(each).reshape(*x_BTD.shape[:2], -1) for each in zip(*tokens, strict=True))
        return weights, chosen

    def _single(self, s_E: Tensor) -> tuple[Tensor, Tensor]:
        left, weights, chosen = set(range(self.n_experts)), [], []
        for _ in range(self.n_active):
            best = max(left, key=s_E.tolist().__getitem__)
            near = [e for e in left if s_E[best] - s_E[e] <= self.band * max(abs(s_E[e]), s_E[best])]
            weights.append(1 / (s_E[near] - s_E[best]).exp().sum())
            chosen.append(best)
            left.remove(best)
        return torch.stack(weights), torch.tensor(chosen, device=s_E.device)
