"""A gated recurrence that queries the encoder's output at every step: the decoder of RNNsearch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from catalog.types import Count, Flag
from variants.bridge import BridgeKind, make_bridge
from variants.context import Context
from variants.deep_output import DeepOutput
from variants.matrices import matrix_numbers
from variants.parts import Mixer, Site, Visibility
from variants.past import past
from variants.projections import OutputLinear
from variants.reading import real_slots
from variants.recurrent import Cell, States
from variants.registry import RECURRENCE
from variants.scores import AdditiveScores, against, softmax_over


@RECURRENCE.register("attentive_gru", d_hidden=10, d_attention=12)
class AttentiveGRU(Mixer):
    """h' = GRU(h, [x; c]), c = softmax(v tanh(W h + U m)) m (Bahdanau et al., 2014, https://arxiv.org/abs/1409.0473).

    The query is the state before the step, m the encoder's output; gates are those of `gru`, with the reset gate after
    the product. `d_hidden` is the state's width, d_model by default. `d_attention` is the width of the sum that is
    scored, d_hidden by default. `bias` gives input and hidden gates a bias each. `bridge` starts the state from the
    `first` (as in the paper) or `last` real slot, or the `mean`, of the encoder's output, through a projection and
    tanh. `deep_output` puts maxout over state, input and c, as in the paper, in place of the state alone.

    Raises:
        ValueError: the stack has no memory, or its visibility hides part of the past.
    """

    reads_memory = True

    def __init__(
        self,
        site: Site,
        *,
        d_hidden: Count | None = None,
        d_attention: Count | None = None,
        bias: Flag = True,
        bridge: BridgeKind = "first",
        deep_output: Flag = False,
    ) -> None:
        super().__init__()
        if site.d_memory is None:
            raise ValueError("attentive_gru needs an encoder's output to attend to; this stack has none")
        self.d_hidden, self.d_memory = d_hidden or site.width, site.d_memory
        self.visibility = past(site, "attentive_gru")
        self.bridge = make_bridge(site, bridge, ("h",), self.d_hidden)
        self.cell = Cell(("r", "z", "n"), site.width, self.d_hidden, self.d_memory, bias)
        self.scores = AdditiveScores(self.d_hidden, self.d_memory, d_attention or self.d_hidden)
        plain = not deep_output and self.d_hidden != site.width
        self.project = OutputLinear(self.d_hidden, site.width, bias=False) if plain else None
        widths = {"state": self.d_hidden, "input": site.width, "read": self.d_memory}
        self.deep = DeepOutput(widths, site.width) if deep_output else None

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        memory_BSM = context.memory_BSD
        assert memory_BSM is not None
        slot = context.slot(lambda _: self._start(memory_BSM, context))
        states = self._start(memory_BSM, context) if slot is None else slot
        h_BTH, read_BTM = self._loop(x_BTD, states, memory_BSM, context)
        return self._write(h_BTH, x_BTD, read_BTM)

    def _write(self, h_BTH: Tensor, x_BTD: Tensor, read_BTM: Tensor) -> Tensor:
        if self.deep is not None:
            y_BTD: Tensor = self.deep(state=h_BTH, input=x_BTD, read=read_BTM)
            return y_BTD
        return h_BTH if self.project is None else self.project(h_BTH)

    def _start(self, memory_BSM: Tensor, context: Context) -> States:
        if self.bridge is not None:
            states = self.bridge.start(context)
        else:
            states = {"h": memory_BSM.new_zeros(memory_BSM.shape[0], self.d_hidden)}
        return {**states, "keys": self.scores.key(memory_BSM)}

    def _loop(self, x_BTD: Tensor, states: States, memory_BSM: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """The state after every slot and what each step read; `states` is left at the last one."""
        mask_BT = context.mask_BT
        hidden: list[Tensor] = []
        reads: list[Tensor] = []
        weights: list[Tensor] = []
        gates_BTG = F.linear(x_BTD, self.cell.input.weight, self.cell.input.bias)
        h_BH = states["h"]
        for t in range(x_BTD.shape[1]):
            weights_BS = softmax_over(self.scores(h_BH[:, None], states["keys"])[:, 0], context.memory_mask_BS)
            read_BM = (weights_BS[:, None] @ memory_BSM)[:, 0]
            new_BH = self._step(gates_BTG[:, t], read_BM, h_BH)
            h_BH = new_BH if mask_BT is None else torch.where(mask_BT[:, t, None], new_BH, h_BH)
            hidden.append(h_BH)
            reads.append(read_BM)
            weights.append(weights_BS)
        states["h"] = h_BH
        context.capture("attention", torch.stack(weights, 1)[:, None])
        return torch.stack(hidden, 1), torch.stack(reads, 1)

    def _step(self, gates_BG: Tensor, read_BM: Tensor, h_BH: Tensor) -> Tensor:
        assert self.cell.fed is not None
        r_in, z_in, n_in = (gates_BG + F.linear(read_BM, self.cell.fed.weight)).chunk(3, -1)
        r_own, z_own, n_own = F.linear(h_BH, self.cell.hidden.weight, self.cell.hidden.bias).chunk(3, -1)
        z = torch.sigmoid(z_in + z_own)
        n = torch.tanh(n_in + torch.sigmoid(r_in + r_own) * n_own)
        return n + z * (h_BH - n)

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        """Text after text, token after token."""
        assert context.memory_BSD is not None
        start = self._start(context.memory_BSD, context)["h"]
        h_BTH, read_BTM = (x_BTD.new_zeros(*x_BTD.shape[:2], n) for n in (self.d_hidden, self.d_memory))
        for row, h in enumerate(start):
            memory_SM = context.memory_BSD[row, real_slots(context.memory_mask_BS, row, context.memory_BSD)]
            for t in real_slots(context.mask_BT, row, x_BTD):
                read_BTM[row, t] = against(self.scores, h, memory_SM).softmax(0) @ memory_SM
                r_in, z_in, n_in = self.cell.of_input(x_BTD[row, t], read_BTM[row, t]).chunk(3)
                r_own, z_own, n_own = self.cell.of_state(h).chunk(3)
                z, n = torch.sigmoid(z_in + z_own), torch.tanh(n_in + torch.sigmoid(r_in + r_own) * n_own)
                h = h_BTH[row, t] = (1 - z) * n + z * h
        return self._write(h_BTH, x_BTD, read_BTM)

    def flops(self, tokens: int, pairs: int) -> int:
        """`pairs` is queries times memory slots; keys count by the memory's slots."""
        per_token = matrix_numbers(self.cell, self.scores.query, self.project, self.deep)
        once = matrix_numbers(self.bridge) + pairs // max(tokens, 1) * matrix_numbers(self.scores.key)
        return 2 * (tokens * per_token + once + pairs * (matrix_numbers(self.scores.score) + self.d_memory))

    def sees(self) -> Visibility:
        return self.visibility
