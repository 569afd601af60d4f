"""Which slots of a memory a query is aligned with: all of them, or those near a place that moves on or is guessed."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from variants.context import Context
from variants.scores import softmax_over

Align = Literal["global", "monotonic", "predictive"]


class GlobalAlignment(nn.Module):
    """softmax over all real slots (Luong et al., 2015, https://arxiv.org/abs/1508.04025)."""

    def forward(self, scores_BTS: Tensor, query_BTQ: Tensor, ids: Tensor, context: Context) -> Tensor:
        """Weights (B, T, S); `ids` counts the real queries from 0, (T,) or (B, T)."""
        real_BS = context.memory_mask_BS
        return softmax_over(scores_BTS, None if real_BS is None else real_BS[:, None])

    def single(self, scores_S: Tensor, query_Q: Tensor, t: int) -> Tensor:
        """The formula for query number t and the real slots of its text."""
        return scores_S.softmax(0)


class MonotonicAlignment(GlobalAlignment):
    """softmax over the slots at most `reach` away from slot t, or from the last where there are fewer (local-m)."""

    def __init__(self, d_query: int, reach: int) -> None:
        super().__init__()
        self.reach = reach

    def forward(self, scores_BTS: Tensor, query_BTQ: Tensor, ids: Tensor, context: Context) -> Tensor:
        away_BTS = self._away(scores_BTS, query_BTQ, ids, context)
        near_BTS = away_BTS <= self.reach
        if context.memory_mask_BS is not None:
            near_BTS = near_BTS & context.memory_mask_BS[:, None]
        return softmax_over(scores_BTS, near_BTS) * self.fades(away_BTS)

    def _away(self, scores_BTS: Tensor, query_BTQ: Tensor, ids: Tensor, context: Context) -> Tensor:
        """How far each real slot is from the place of each query, in slots."""
        real_BS, slots = context.memory_mask_BS, scores_BTS.shape[-1]
        place = torch.arange(slots, device=scores_BTS.device) if real_BS is None else real_BS.cumsum(1)[:, None] - 1
        count = torch.full((), slots, device=ids.device) if real_BS is None else real_BS.sum(1)[:, None, None]
        return (place - self.centre(query_BTQ, ids[..., None], count)).abs()

    def centre(self, query_BTQ: Tensor, ids_BT1: Tensor, count_B11: Tensor) -> Tensor:
        """The place that each query is aligned with, among `count_B11` real slots."""
        return torch.minimum(ids_BT1, count_B11 - 1)

    def fades(self, away: Tensor) -> Tensor | float:
        """What weights are multiplied by, for slots so far away."""
        return 1.0

    def single(self, scores_S: Tensor, query_Q: Tensor, t: int) -> Tensor:
        return _within(scores_S, min(t, len(scores_S) - 1), self.reach)


class PredictiveAlignment(MonotonicAlignment):
    """The place is S sigmoid(v tanh(W h)), and weights fall as exp(-(s - place)^2 / (reach^2 / 2)) (local-p)."""

    def __init__(self, d_query: int, reach: int) -> None:
        super().__init__(d_query, reach)
        self.hidden, self.place = nn.Linear(d_query, d_query, bias=False), nn.Linear(d_query, 1, bias=False)

    def centre(self, query_BTQ: Tensor, ids_BT1: Tensor, count_B11: Tensor) -> Tensor:
        return count_B11 * torch.sigmoid(self.place(torch.tanh(self.hidden(query_BTQ))))

    def fades(self, away: Tensor) -> Tensor:
        return torch.exp(-2 * (away / self.reach) ** 2)

    def single(self, scores_S: Tensor, query_Q: Tensor, t: int) -> Tensor:
        guess = self.place.weight[0] @ torch.tanh(self.hidden.weight @ query_Q)
        centre, sigma = float(len(scores_S) / (1 + (-guess).exp())), self.reach / 2
        falls = [math.exp(-((s - centre) ** 2) / (2 * sigma**2)) for s in range(len(scores_S))]
        return _within(scores_S, centre, self.reach) * scores_S.new_tensor(falls)


LOCAL: dict[str, type[MonotonicAlignment]] = {"monotonic": MonotonicAlignment, "predictive": PredictiveAlignment}


def _within(scores_S: Tensor, centre: float, reach: int) -> Tensor:
    """softmax over the slots near a place, zero elsewhere."""
    near = [s for s in range(len(scores_S)) if abs(s - centre) <= reach]
    weights_S = torch.zeros_like(scores_S)
    weights_S[near] = scores_S[near].softmax(0)
    return weights_S


def make_alignment(align: Align, d_query: int, reach: int | None) -> GlobalAlignment:
    """The module of one of Luong's alignments.

    Raises:
        ValueError: a local one without its reach, or a reach of the global one.
    """
    if (reach is not None) != (align in LOCAL):
        needs = "give reach, the slots on each side" if reach is None else f"reach belongs to {' or '.join(LOCAL)}"
        raise ValueError(f"align={align!r} with reach={reach}: {needs}")
    return GlobalAlignment() if reach is None else LOCAL[align](d_query, reach)
