"""One training step of a peer: forward, cross entropy, backward, AdamW; the same for every arm."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.peers.peer import Peer
from benchmarks.peers.size import Inputs
from harness.train.device import autocast

RATE = 1e-5  # small, so that timed steps leave the loss where it was


class TrainingStep:
    """Calling it does a step and returns the loss before it.

    `precision` is float32 or bf16 (autocast, weights in float32); `compiler` a backend of torch.compile, or None.
    """

    def __init__(self, peer: Peer, inputs: Inputs, precision: str, compiler: str | None = None) -> None:
        self.peer, self.inputs = peer, inputs
        self.device = inputs["tokens"].device
        self.precision = precision
        self.optimizer = torch.optim.AdamW(peer.model.parameters(), lr=RATE, fused=True)
        self.loss: Any = self._loss if compiler is None else torch.compile(self._loss, backend=compiler)

    def __call__(self) -> Tensor:
        with autocast(self.device, self.precision):
            loss: Tensor = self.loss(self.inputs)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    def _loss(self, inputs: Inputs) -> Tensor:
        logits = self.peer.logits(inputs)
        return F.cross_entropy(logits.flatten(0, 1).float(), inputs["targets"].flatten())


def twin(peer: Peer, name: str) -> Peer:
    """The peer once more, with weights of its own."""
    return Peer(name, copy.deepcopy(peer.model), peer.forward, peer.same_weights)
