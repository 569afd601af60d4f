"""The bridge from an encoder's output to a recurrence: one fixed vector, its first state, what is fed at every step."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from variants.context import Context
from variants.parts import Site
from variants.pool import POOLS

BridgeKind = Literal["none", "first", "last", "mean"]


class Bridge(nn.Module):
    """First states tanh(W c) of a recurrence from the fixed vector c, one pooled vector of the memory."""

    def __init__(self, site: Site, pool: str, states: tuple[str, ...], d_hidden: int) -> None:
        super().__init__()
        if site.d_memory is None:
            raise ValueError(f"bridge={pool!r} needs an encoder's output; allowed in this stack: none")
        self.pool, self.d_memory = POOLS[pool], site.d_memory
        self.starts = nn.ModuleDict({name: nn.Linear(site.d_memory, d_hidden) for name in states})

    def vector(self, context: Context) -> Tensor:
        """The fixed vector, (B, d_memory)."""
        assert context.memory_BSD is not None
        return self.pool(context.memory_BSD, context.memory_mask_BS)

    def start(self, context: Context) -> dict[str, Tensor]:
        """The first state by name, each (B, d_hidden)."""
        vector = self.vector(context)
        return {name: torch.tanh(project(vector)) for name, project in self.starts.items()}


def make_bridge(site: Site, pool: BridgeKind, states: tuple[str, ...], d_hidden: int) -> Bridge | None:
    """The bridge that an entry asks for; None for `none`, which pools nothing.

    Raises:
        ValueError: there is no encoder to bridge from.
    """
    return Bridge(site, pool, states, d_hidden) if pool in POOLS else None
