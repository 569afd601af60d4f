"""A long short-term memory whose state queries the encoder's output after each step: Luong's input feeding."""

from __future__ import annotations

import torch
from torch import Tensor

from catalog.types import Count, Flag
from variants.alignment import Align, make_alignment
from variants.bridge import BridgeKind, make_bridge
from variants.context import Context
from variants.matrices import matrix_numbers
from variants.parts import Mixer, Site, Visibility
from variants.past import past
from variants.projections import OutputLinear
from variants.reading import real_slots
from variants.recurrent import Cell, States
from variants.registry import RECURRENCE
from variants.scores import Score, against, make_scores

STATES = ("h", "c", "read")


@RECURRENCE.register("luong_lstm", d_hidden=10, reach=2)
class LuongLSTM(Mixer):
    """a = tanh(W [sum softmax(score(h, m)) m; h]), h from LSTM([x; a before]) (https://arxiv.org/abs/1508.04025).

    m is the encoder's output (Luong et al., 2015); a is what the mixer gives, and what the next step is fed with.
    `d_hidden` is the width of h and of a, d_model by default; another width is projected back. `score` is `dot` (h .
    m), `general` (h W m) or `concat` (v tanh(W [h; m])). `align` is `global`, over all of the memory, or local, over at
    most `reach` slots to either side of a place: slot number t (`monotonic`) or one that is guessed from h
    (`predictive`), from which weights fall off. `reach` is given with these two. `feed` is that input feeding; without
    it a comes after the recurrence alone. `bias` gives input and hidden gates a bias each. `bridge` starts both states
    from the `first` or `last` real slot, or the `mean`, of the encoder's output, through a projection and tanh.

    Raises:
        ValueError: the stack has no memory, its visibility hides part of the past, a dot product meets two widths, or
            only one of `reach` and a local align is given.
    """

    reads_memory = True

    def __init__(
        self,
        site: Site,
        *,
        d_hidden: Count | None = None,
        score: Score = "general",
        align: Align = "global",
        reach: Count | None = None,
        feed: Flag = True,
        bias: Flag = True,
        bridge: BridgeKind = "last",
    ) -> None:
        super().__init__()
        if site.d_memory is None:
            raise ValueError("luong_lstm needs an encoder's output to attend to; this stack has none")
        self.d_hidden, self.d_memory, self.feed = d_hidden or site.width, site.d_memory, feed
        self.visibility = past(site, "luong_lstm")
        self.bridge = make_bridge(site, bridge, ("h", "c"), self.d_hidden)
        self.cell = Cell(("i", "f", "g", "o"), site.width, self.d_hidden, self.d_hidden if feed else 0, bias)
        self.scores = make_scores(score, self.d_hidden, site.d_memory)
        self.alignment = make_alignment(align, self.d_hidden, reach)
        self.spans_memory = reach is None
        self.combine = OutputLinear(site.d_memory + self.d_hidden, self.d_hidden, bias=False)
        wide = self.d_hidden == site.width
        self.project = None if wide else OutputLinear(self.d_hidden, site.width, bias=False)

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        assert context.memory_BSD is not None
        slot = context.slot(lambda _: self._start(context))
        read_BTH = self._loop(x_BTD, self._start(context) if slot is None else slot, context)
        return read_BTH if self.project is None else self.project(read_BTH)

    def _start(self, context: Context) -> States:
        assert context.memory_BSD is not None
        nothing = context.memory_BSD.new_zeros(context.memory_BSD.shape[0], self.d_hidden)
        states = dict.fromkeys(STATES, nothing) | ({} if self.bridge is None else self.bridge.start(context))
        return {**states, "keys": self.scores.key(context.memory_BSD)}

    def _loop(self, x_BTD: Tensor, states: States, context: Context) -> Tensor:
        """What each slot gives; `states` is left at the last one, and a padded slot leaves it as it is."""
        reads, weights, ids = [], [], context.query_ids("mask")
        for t in range(x_BTD.shape[1]):
            new, weights_BS = self._step(x_BTD[:, t], ids[..., t : t + 1], states, context)
            if context.mask_BT is not None:
                new = {name: torch.where(context.mask_BT[:, t, None], new[name], states[name]) for name in STATES}
            states.update(new)
            reads.append(states["read"])
            weights.append(weights_BS)
        context.capture("attention", torch.stack(weights, 1)[:, None])
        return torch.stack(reads, 1)

    def _step(self, x_BD: Tensor, ids: Tensor, states: States, context: Context) -> tuple[States, Tensor]:
        assert context.memory_BSD is not None
        read_BI = torch.cat([x_BD, states["read"]], -1) if self.feed else x_BD
        h, c = torch.lstm_cell(read_BI, (states["h"], states["c"]), *self.cell.weights())
        weights_BS = self.alignment(self.scores(h[:, None], states["keys"]), h[:, None], ids, context)[:, 0]
        found_BM = (weights_BS[:, None] @ context.memory_BSD)[:, 0]
        return {"h": h, "c": c, "read": torch.tanh(self.combine(torch.cat([found_BM, h], -1)))}, weights_BS

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        """Text after text, token after token."""
        assert context.memory_BSD is not None
        y_BTH, start = x_BTD.new_zeros(*x_BTD.shape[:2], self.d_hidden), self._start(context)
        for row, x_TD in enumerate(x_BTD):
            memory_SM = context.memory_BSD[row, real_slots(context.memory_mask_BS, row, context.memory_BSD)]
            h, c, read = (start[name][row] for name in STATES)
            for number, t in enumerate(real_slots(context.mask_BT, row, x_BTD)):
                i, f, g, o = (self.cell.of_input(x_TD[t], read) + self.cell.of_state(h)).chunk(4)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
                weights_S = self.alignment.single(against(self.scores, h, memory_SM), h, number)
                read = torch.tanh(self.combine.weight @ torch.cat([weights_S @ memory_SM, h]))
                y_BTH[row, t] = read
        return y_BTH if self.project is None else self.project(y_BTH)

    def flops(self, tokens: int, pairs: int) -> int:
        """`pairs` is queries times memory slots; keys count by the memory's slots."""
        per_token = matrix_numbers(self.cell, self.combine, self.scores.query, self.alignment, self.project)
        once = matrix_numbers(self.bridge) + pairs // max(tokens, 1) * matrix_numbers(self.scores.key)
        return 2 * (tokens * per_token + once + pairs * (self.scores.per_pair + self.d_memory))

    def sees(self) -> Visibility:
        return self.visibility
