"""The gated recurrent unit."""

from __future__ import annotations

import torch
from torch import Tensor

from variants.recurrent import Recurrence, States
from variants.registry import RECURRENCE


@RECURRENCE.register("gru", d_hidden=10)
class GRU(Recurrence):
    """h' = (1 - z) * n + z * h with reset and update gates (Cho et al., 2014, https://arxiv.org/abs/1406.1078).

    r = sigmoid(W_r x + U_r h + b), z = sigmoid(W_z x + U_z h + b), n = tanh(W_n x + b + r * (U_n h + b')): the reset
    gate acts after the product, as in torch.gru, not before it as in the paper. `d_hidden` is the state's width,
    d_model by default; another width, or two directions, is projected back. `bidirectional` reads both ways, in an
    encoder. `bias` gives input and hidden gates a bias each. `bridge` starts the state from the `first` or `last` real
    slot, or the `mean`, of the encoder's output, through a projection and tanh. `feed` also feeds that fixed vector to
    the gates at every step. `deep_output` puts maxout over state, input and fed vector in place of the projection.
    """

    gates = ("r", "z", "n")

    def sequence(self, x_BTD: Tensor, start: States, weights: list[Tensor]) -> tuple[Tensor, States]:
        y, h = torch.gru(x_BTD, start["h"][None], weights, self.bias, 1, 0.0, torch.is_grad_enabled(), False, True)
        return y, {"h": h[0]}

    def step(self, x_BD: Tensor, states: States, weights: list[Tensor]) -> States:
        return {"h": torch.gru_cell(x_BD, states["h"], *weights)}
