"""Which experts a token is sent to: scores, groups, and a correction that counts in the choice alone."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from variants.parts import Slice


class Correction(nn.Module):
    """One number per expert, added to scores for the choice and moved without a gradient (https://arxiv.org/abs/2408.15664).

    In training it moves by `speed` up for experts with less than the mean load, and down for those with more.
    """

    def __init__(self, n_experts: int, speed: float) -> None:
        super().__init__()
        self.register_buffer("values", torch.zeros(n_experts))
        self.values: Tensor
        self.speed = speed

    def forward(self, scores_BTE: Tensor) -> Tensor:
        return scores_BTE + self.values

    def named_slices(self) -> Iterator[Slice]:
        """The numbers under the name that tables of weights use."""
        yield "correction.bias", self.values

    @torch.no_grad()
    def move(self, chosen_BTA: Tensor, real_BT: Tensor | None) -> None:
        """One step towards even loads; padding is no load."""
        n_experts = len(self.values)
        load_BTE = F.one_hot(chosen_BTA, n_experts).sum(-2).to(self.values.dtype)
        load_E = (load_BTE if real_BT is None else load_BTE * real_BT[..., None]).sum((0, 1))
        self.values.add_(self.speed * torch.sign(load_E.mean() - load_E))


def within_groups(scores_BTE: Tensor, n_groups: int, n_active_groups: int, members: int) -> Tensor:
    """Scores with -inf outside the best groups; a group counts as the sum of its `members` best experts."""
    grouped: Tensor = scores_BTE.reshape(*scores_BTE.shape[:-1], n_groups, -1)
    best = grouped.topk(members, -1).values.sum(-1).topk(n_active_groups, -1).indices
    kept = torch.zeros(*scores_BTE.shape[:-1], n_groups, dtype=torch.bool, device=scores_BTE.device)
    kept = kept.scatter(-1, best, True)
    open_BTE: Tensor = grouped.masked_fill(~kept[..., None], float("-inf")).flatten(-2)
    return open_BTE
