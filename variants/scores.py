"""How well a query fits each key, in the ways that came before the scaled product: dot, general, concat, additive."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Score = Literal["dot", "general", "concat"]


class DotScores(nn.Module):
    """s . h, for queries and keys of one width (Luong et al., 2015, https://arxiv.org/abs/1508.04025)."""

    def __init__(self, d_query: int, d_key: int) -> None:
        super().__init__()
        if d_query != d_key:
            raise ValueError(f"score='dot' multiplies queries of {d_query} numbers with keys of {d_key}; use general")
        self.query: nn.Module = nn.Identity()
        self.key: nn.Module = nn.Identity()
        self.per_pair = d_key

    def forward(self, query_BTQ: Tensor, keys_BSK: Tensor) -> Tensor:
        return query_BTQ @ keys_BSK.mT

    def single(self, query_Q: Tensor, memory_M: Tensor) -> Tensor:
        """The formula for one pair."""
        return query_Q @ memory_M


class GeneralScores(DotScores):
    """s W h (Luong et al., 2015, https://arxiv.org/abs/1508.04025)."""

    def __init__(self, d_query: int, d_key: int) -> None:
        super().__init__(d_query, d_query)
        self.key = nn.Linear(d_key, d_query, bias=False)

    def single(self, query_Q: Tensor, memory_M: Tensor) -> Tensor:
        product: Tensor = query_Q @ self.key(memory_M)
        return product


class AdditiveScores(nn.Module):
    """v tanh(W s + U h), W with a bias (Bahdanau et al., 2014, https://arxiv.org/abs/1409.0473)."""

    def __init__(self, d_query: int, d_key: int, d_attention: int, bias: bool = True) -> None:
        super().__init__()
        self.query = nn.Linear(d_query, d_attention, bias)
        self.key = nn.Linear(d_key, d_attention, bias=False)
        self.score = nn.Linear(d_attention, 1, bias=False)
        self.per_pair = d_attention

    def forward(self, query_BTQ: Tensor, keys_BSA: Tensor) -> Tensor:
        """(B, T, S); the keys come from `key`, once for a memory."""
        scores_BTS1: Tensor = self.score(torch.tanh(self.query(query_BTQ)[:, :, None] + keys_BSA[:, None]))
        return scores_BTS1[..., 0]

    def single(self, query_Q: Tensor, memory_M: Tensor) -> Tensor:
        """The formula for one pair."""
        sum_A = self.query.weight @ query_Q + self.key.weight @ memory_M
        sum_A = sum_A if self.query.bias is None else sum_A + self.query.bias
        return self.score.weight[0] @ torch.tanh(sum_A)


Scores = DotScores | AdditiveScores


def against(scores: Scores, query_Q: Tensor, memory_SM: Tensor) -> Tensor:
    """The scores of one query and one text's memory, (S,), written out pair by pair."""
    return torch.stack([scores.single(query_Q, memory_M) for memory_M in memory_SM])


def make_scores(score: Score, d_query: int, d_key: int) -> Scores:
    """The module of one of Luong's scores; `concat` is v tanh(W [s; h]), as wide as the query.

    Raises:
        ValueError: a dot product of two widths.
    """
    if score == "concat":
        return AdditiveScores(d_query, d_key, d_query, bias=False)
    return {"dot": DotScores, "general": GeneralScores}[score](d_query, d_key)


def softmax_over(scores: Tensor, mask: Tensor | None) -> Tensor:
    """Weights over the last dimension, zero where the mask is False."""
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return scores.softmax(-1)
