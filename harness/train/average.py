"""An exponential moving average of a model's parameters, kept in a model of its own that is evaluated in its place."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from variants import Model


class Average:
    """Follows a model step by step; costs the memory of its parameters once more."""

    def __init__(self, model: Model, decay: float) -> None:
        self.decay = decay
        self.model: Model = copy.deepcopy(model).requires_grad_(False)
        self._followed: list[Tensor] = list(model.parameters())
        self._own: list[Tensor] = list(self.model.parameters())
        self._buffers = list(zip(self.model.buffers(), model.buffers(), strict=True))

    @torch.no_grad()
    def restart(self) -> None:
        """Begins from the model as it is now."""
        torch._foreach_copy_(self._own, self._followed)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Takes in the parameters after `step`; the first steps weigh more, or the start would never fade."""
        torch._foreach_lerp_(self._own, self._followed, 1 - min(self.decay, (1 + step) / (10 + step)))
        for own, followed in self._buffers:
            own.copy_(followed)
