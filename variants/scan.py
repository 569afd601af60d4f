"""The linear recurrence h_t = a_t h_(t-1) + b_t over time, in parallel and as a loop."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Scan = Callable[[Tensor, Tensor, Tensor | None], Tensor]


def scan(kept_BT: Tensor, new_BT: Tensor, start_B: Tensor | None = None) -> Tensor:
    """All h_t for a = `kept_BT` and b = `new_BT`, elementwise, in log2(T) steps that each double what is joined.

    https://doi.org/10.1145/7902.7903
    """
    if start_B is not None:
        new_BT = torch.cat([(new_BT[:, 0] + kept_BT[:, 0] * start_B)[:, None], new_BT[:, 1:]], 1)
    reach, length = 1, new_BT.shape[1]
    while reach < length:
        joined = new_BT[:, reach:] + kept_BT[:, reach:] * new_BT[:, :-reach]
        new_BT = torch.cat([new_BT[:, :reach], joined], 1)
        kept_BT = torch.cat([kept_BT[:, :reach], kept_BT[:, reach:] * kept_BT[:, :-reach]], 1)
        reach *= 2
    return new_BT


def plain_scan(kept_BT: Tensor, new_BT: Tensor, start_B: Tensor | None = None) -> Tensor:
    """The plain form of `scan`: slot after slot."""
    h_B = torch.zeros_like(new_BT[:, 0]) if start_B is None else start_B
    states = []
    for kept_B, new_B in zip(kept_BT.unbind(1), new_BT.unbind(1), strict=True):
        h_B = kept_B * h_B + new_B
        states.append(h_B)
    return torch.stack(states, 1)
