"""A model that takes part, with how it is called; and pairs of two with the same weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from benchmarks.peers.size import Inputs, Size

Forward = Callable[[nn.Module, Inputs], Tensor]


@dataclass(frozen=True)
class Peer:
    """A model and the function from it and its inputs to logits (B, T, V).

    `same_weights` says whether it holds the numbers of ours; then its logits must be ours.
    """

    name: str
    model: nn.Module
    forward: Forward
    same_weights: bool = True

    def logits(self, inputs: Inputs) -> Tensor:
        """The logits of a batch."""
        return self.forward(self.model, inputs)

    def parameters(self) -> int:
        """How many numbers the model holds, shared ones once."""
        return sum(p.numel() for p in self.model.parameters())


@dataclass(frozen=True)
class Field:
    """Ours and its peers at one size; `entry` is ours in the catalog."""

    entry: str
    size: Size
    ours: Peer
    others: list[Peer] = field(default_factory=list)

    @property
    def peers(self) -> list[Peer]:
        """All of them, ours first."""
        return [self.ours, *self.others]

    def to(self, device: torch.device) -> Field:
        """The same models on a device, ready to train."""
        for peer in self.peers:
            peer.model.to(device).train()
        return self


def ours_of(model: nn.Module, name: str = "ours") -> Peer:
    """A model that our builder made."""
    return Peer(name, model, call_ours)


def call_ours(model: nn.Module, inputs: Inputs) -> Tensor:
    """Logits of a model of the catalog."""
    logits: Tensor = model(inputs["tokens"], source=inputs.get("source"))
    return logits
