"""The tokens that end a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Stops:
    """Ids that end a row, (N,) int64; none is allowed, and then a row ends at its length alone."""

    ids: Tensor

    @classmethod
    def of(cls, eos: int | Sequence[int] | None, vocab_size: int, device: torch.device) -> Stops:
        """One id, several, or none.

        Raises:
            ValueError: an id is not in the vocabulary.
        """
        ids = [] if eos is None else [eos] if isinstance(eos, int) else list(eos)
        for each in ids:
            if not 0 <= each < vocab_size:
                raise ValueError(f"eos={each} is no token of this model; allowed: 0 to {vocab_size - 1}")
        return cls(torch.tensor(ids, dtype=torch.int64, device=device))

    def __len__(self) -> int:
        return len(self.ids)

    def end(self, tokens: Tensor) -> Tensor:
        """Whether each token ends its row; booleans in the shape of `tokens`."""
        return (tokens[..., None] == self.ids).any(-1)
