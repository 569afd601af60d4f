"""Long short-term memory."""

from __future__ import annotations

import torch
from torch import Tensor

from catalog.types import Count, Flag, Number
from variants.bridge import BridgeKind
from variants.parts import Site
from variants.recurrent import Recurrence, States
from variants.registry import RECURRENCE


@RECURRENCE.register("lstm", d_hidden=10)
class LSTM(Recurrence):
    """c' = f * c + i * g, h' = o * tanh(c') (Hochreiter and Schmidhuber, https://doi.org/10.1162/neco.1997.9.8.1735).

    i, f, o are sigmoids and g is a tanh of W x + b + U h + b', with the forget gate of Gers et al. (2000). `d_hidden`
    is the state's width, d_model by default; another width, or two directions, is projected back. `bidirectional`
    reads both ways, in an encoder. `bias` gives input and hidden gates a bias each. `bridge` starts both states from
    the `first` or `last` real slot, or the `mean`, of the encoder's output, through a projection and tanh. `feed` also
    feeds that fixed vector to the gates at every step. `deep_output` puts maxout over state, input and fed vector in
    place of the projection. `forget_bias` is the first value of the forget gate's bias, 1 being usual: see
    https://proceedings.mlr.press/v37/jozefowicz15.html

    Raises:
        ValueError: a forget_bias without biases.
    """

    gates = ("i", "f", "g", "o")
    states = ("h", "c")

    def __init__(
        self,
        site: Site,
        *,
        d_hidden: Count | None = None,
        bidirectional: Flag = False,
        bias: Flag = True,
        bridge: BridgeKind = "none",
        feed: Flag = False,
        deep_output: Flag = False,
        forget_bias: Number = 0.0,
    ) -> None:
        super().__init__(
            site,
            d_hidden=d_hidden,
            bidirectional=bidirectional,
            bias=bias,
            bridge=bridge,
            feed=feed,
            deep_output=deep_output,
        )
        if forget_bias and not bias:
            raise ValueError(f"forget_bias={forget_bias} needs bias=true")
        with torch.no_grad():
            for i in range(len(self.cells) if forget_bias else 0):
                dict(self._cell(i).input.named_slices())["f.bias"].fill_(forget_bias)

    def sequence(self, x_BTD: Tensor, start: States, weights: list[Tensor]) -> tuple[Tensor, States]:
        both = (start["h"][None], start["c"][None])
        y, h, c = torch.lstm(x_BTD, both, weights, self.bias, 1, 0.0, torch.is_grad_enabled(), False, True)
        return y, {"h": h[0], "c": c[0]}

    def step(self, x_BD: Tensor, states: States, weights: list[Tensor]) -> States:
        h, c = torch.lstm_cell(x_BD, (states["h"], states["c"]), *weights)
        return {"h": h, "c": c}
