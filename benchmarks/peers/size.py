"""How large a model and its batch are, and random input for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

Inputs = dict[str, Tensor]
SEED = 0


@dataclass(frozen=True, kw_only=True)
class Size:
    """Widths of a model, `n_layers` in each stack, and the shape of its batch.

    `source` counts source tokens, 0 for none; `room` the slots that decoding adds to `tokens`.
    """

    d_model: int
    n_layers: int
    n_heads: int
    d_ff: int
    vocab_size: int
    tokens: int
    batch: int
    source: int = 0
    room: int = 0

    def to_json(self) -> dict[str, Any]:
        """The numbers by name."""
        return asdict(self)

    @property
    def context_length(self) -> int:
        """Slots that the position tables need."""
        return max(self.tokens + self.room, self.source)

    def inputs(self, device: torch.device, seed: int = SEED, batch: int | None = None) -> Inputs:
        """Random `tokens`, `targets`, and `source` where there is one; the same for every arm."""
        draw = torch.Generator().manual_seed(seed)
        rows = batch or self.batch

        def some(length: int) -> Tensor:
            return torch.randint(0, self.vocab_size, (rows, length), generator=draw).to(device)

        inputs = {"tokens": some(self.tokens), "targets": some(self.tokens)}
        return inputs | ({"source": some(self.source)} if self.source else {})
