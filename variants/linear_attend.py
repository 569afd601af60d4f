"""Attention without softmax, as a product of feature maps: quadratic, chunked and recurrent forms of one formula.

With features q, k and values v: y_i = sum_j (q_i . k_j) v_j / (sum_j q_i . k_j + eps), j up to i where it is causal.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

EPS = 1e-6
CHUNK = 64  # tokens: within a chunk the work is quadratic, between chunks it is linear
Sums = dict[str, Tensor]


def quadratic(q_BHTK: Tensor, k_BHTK: Tensor, v_BHTK: Tensor, causal: bool) -> Tensor:
    """The formula as it stands; the reference of the other forms."""
    weights = q_BHTK @ k_BHTK.mT
    weights = weights.tril() if causal else weights
    y: Tensor = (weights @ v_BHTK) / (weights.sum(-1, keepdim=True) + EPS)
    return y


def everything(q_BHTK: Tensor, k_BHTK: Tensor, v_BHTK: Tensor) -> Tensor:
    """Every slot sees every slot, in time linear in their number."""
    above = q_BHTK @ (k_BHTK.mT @ v_BHTK)
    below = q_BHTK @ k_BHTK.sum(-2)[..., None]
    y: Tensor = above / (below + EPS)
    return y


def no_sums(q_BHTK: Tensor, v_BHTK: Tensor) -> Sums:
    """The sums over no slot: `kv` (B, H, K, K) of k v^T, and `k` (B, H, K)."""
    batch, n_heads, _, d_head = q_BHTK.shape
    return {
        "kv": q_BHTK.new_zeros(batch, n_heads, d_head, v_BHTK.shape[-1]),
        "k": q_BHTK.new_zeros(batch, n_heads, d_head),
    }


def chunked(q_BHTK: Tensor, k_BHTK: Tensor, v_BHTK: Tensor, past: Sums) -> tuple[Tensor, Sums]:
    """Each slot sees the slots up to itself and those in `past`; gives the sums over all of them beside the output."""
    length = q_BHTK.shape[2]
    size = min(CHUNK, length)
    # N chunks of C tokens: (B, H, N, C, K)
    q, k, v = (_chunks(x, size) for x in (q_BHTK, k_BHTK, v_BHTK))
    kv_BHNKK = torch.cat([past["kv"][:, :, None], k.mT @ v], 2).cumsum(2)
    k_BHNK = torch.cat([past["k"][:, :, None], k.sum(-2)], 2).cumsum(2)
    within = (q @ k.mT).tril()
    above = within @ v + q @ kv_BHNKK[:, :, :-1]
    below = within.sum(-1, keepdim=True) + q @ k_BHNK[:, :, :-1, :, None]
    y_BHTK = (above / (below + EPS)).flatten(2, 3)[:, :, :length]
    return y_BHTK, {"kv": kv_BHNKK[:, :, -1], "k": k_BHNK[:, :, -1]}


def _chunks(x_BHTK: Tensor, size: int) -> Tensor:
    """Cuts time into chunks; what fills up the last one is zero, which adds nothing to any sum."""
    missing = -x_BHTK.shape[2] % size
    filled = F.pad(x_BHTK, (0, 0, 0, missing)) if missing else x_BHTK
    return filled.reshape(*x_BHTK.shape[:2], -1, size, x_BHTK.shape[3])
