"""Attention whose scores are a small network of query and key in place of their product, over itself or a memory."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from variants.context import Context
from variants.scores import softmax_over


class AdditiveHeads(nn.Module):
    """sum over j of softmax(w . tanh(q_i + k_j)) v_j, each head with a w of its own."""

    def __init__(self, n_heads: int, d_head: int, dropout: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_heads, d_head))
        self.dropout = dropout

    def forward(self, q_BHTK: Tensor, k_BHSK: Tensor, v_BHSK: Tensor, mask: Tensor | None, context: Context) -> Tensor:
        """The heads' outputs side by side, (B, T, H K); `mask` broadcasts to (B, H, T, S), True is visible."""
        sums_BHTSK = torch.tanh(q_BHTK[..., :, None, :] + k_BHSK[..., None, :, :])
        weights = softmax_over((sums_BHTSK @ self.weight[:, None, :, None])[..., 0], mask)
        context.capture("attention", weights)
        weights = F.dropout(weights, self.dropout, self.training) if self.dropout else weights
        return (weights @ v_BHSK).transpose(1, 2).flatten(2)

    def plain(self, q_BHTK: Tensor, k_BHSK: Tensor, v_BHSK: Tensor, mask: Tensor | None) -> Tensor:
        """As `forward`, one head and one key after another."""
        heads = []
        for h, w_K in enumerate(self.weight):
            columns = [torch.tanh(q_BHTK[:, h] + key_BK[:, None]) @ w_K for key_BK in k_BHSK[:, h].unbind(1)]
            weights_BTS = softmax_over(torch.stack(columns, -1), None if mask is None else mask[:, 0])
            heads.append(weights_BTS @ v_BHSK[:, h])
        return torch.cat(heads, -1)


def split_heads(y_BTF: Tensor, d_head: int) -> Tensor:
    """(B, H, T, K) of (B, T, H K)."""
    return y_BTF.reshape(*y_BTF.shape[:2], -1, d_head).transpose(1, 2)


def head_width(width: int, n_heads: int, d_head: int | None) -> int:
    """The width of a head, where an option gives it or not.

    Raises:
        ValueError: the heads do not divide the width.
    """
    if d_head is None and width % n_heads:
        raise ValueError(f"n_heads={n_heads} does not divide d_model={width}; give d_head or another n_heads")
    return d_head or width // n_heads
