"""The plain recurrent network."""

from __future__ import annotations

import torch
from torch import Tensor

from variants.recurrent import Recurrence, States
from variants.registry import RECURRENCE


@RECURRENCE.register("rnn", d_hidden=10)
class ElmanRNN(Recurrence):
    """h' = tanh(W x + b + U h + b') (Elman, 1990, https://doi.org/10.1207/s15516709cog1402_1).

    `d_hidden` is the state's width, d_model by default; another width, or two directions, is projected back.
    `bidirectional` reads both ways, in an encoder. `bias` gives input and state a bias each. `bridge` starts the state
    from the `first` or `last` real slot, or the `mean`, of the encoder's output, through a projection and tanh. `feed`
    also feeds that fixed vector at every step. `deep_output` puts maxout over state, input and fed vector in place of
    the projection.
    """

    gates = ("h",)

    def sequence(self, x_BTD: Tensor, start: States, weights: list[Tensor]) -> tuple[Tensor, States]:
        y, h = torch.rnn_tanh(x_BTD, start["h"][None], weights, self.bias, 1, 0.0, torch.is_grad_enabled(), False, True)
        return y, {"h": h[0]}

    def step(self, x_BD: Tensor, states: States, weights: list[Tensor]) -> States:
        return {"h": torch.rnn_tanh_cell(x_BD, states["h"], *weights)}
