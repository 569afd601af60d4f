"""Decoding where positions depend on how long the text is: each new token has the whole text read anew."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from variants.builder import Model
from variants.context import State


@dataclass
class Rereading(State):
    """A state that keeps the text in place of what was made of it, since a longer text makes something else of it.

    `inputs` are those of the model's call; `capacity` counts the slots that they take.
    """

    inputs: dict[str, Tensor] = field(default_factory=dict)

    def read(self, model: Model) -> Tensor:
        """The logits after the last token, as of a text that ends there; (B, 1, V)."""
        state = State(self.batch, self.capacity, left_padded=self.left_padded)
        logits: Tensor = model.run(**self.inputs, state=state, last=True).logits  # type: ignore[arg-type]
        return logits

    def step(self, model: Model, token_B: Tensor) -> Tensor:
        """The logits (B, V) after one more token of each row (B,)."""
        self.capacity += 1
        self.inputs["tokens"] = torch.cat([self.inputs["tokens"], token_B[:, None]], 1)
        mask = self.inputs.get("padding_mask")
        if mask is not None:
            self.inputs["padding_mask"] = torch.cat([mask, torch.ones_like(mask[:, :1])], 1)
        return self.read(model)[:, -1]

    def reorder(self, rows: Tensor) -> None:
        super().reorder(rows)
        self.inputs = {name: value.index_select(0, rows) for name, value in self.inputs.items()}


def rereads(model: Model, slots: int) -> bool:
    """Whether some position scheme of the decoder is another for a text of `slots` tokens than for a shorter one."""
    assert model.decoder is not None
    return any(p.settled is not None and slots > p.settled for p in model.decoder.every_position)
