"""What recurrent mixers share: gates as slices, directions, padding, the bridge from an encoder, decoding state."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from catalog.types import Count, Flag
from variants.bridge import BridgeKind, make_bridge
from variants.context import Context
from variants.deep_output import DeepOutput
from variants.matrices import matrix_numbers
from variants.parts import Mixer, Site, Visibility
from variants.past import both_ways, past
from variants.pool import POOLS
from variants.projections import OutputLinear, SlicedLinear
from variants.reading import reading_order, reorder, restore

States = dict[str, Tensor]


class Cell(nn.Module):
    """The weights of one direction; each gate is a slice of `input`, of `hidden` and of `fed`, a fixed vector's."""

    def __init__(self, gates: tuple[str, ...], d_in: int, d_hidden: int, d_fed: int, bias: bool) -> None:
        super().__init__()
        sizes = dict.fromkeys(gates, d_hidden)
        biased = frozenset(gates if bias else ())
        self.input = SlicedLinear(d_in, sizes, biased)
        self.hidden = SlicedLinear(d_hidden, sizes, biased)
        self.fed = SlicedLinear(d_fed, sizes) if d_fed else None

    def weights(self) -> list[Tensor]:
        """In the order of torch's recurrent functions: input, hidden, then their biases."""
        read = self.input.weight if self.fed is None else torch.cat([self.input.weight, self.fed.weight], 1)
        biases = [] if self.input.bias is None or self.hidden.bias is None else [self.input.bias, self.hidden.bias]
        return [read, self.hidden.weight, *biases]

    def of_input(self, x_D: Tensor, fed_M: Tensor) -> Tensor:
        """What one token and what is fed beside it add to the gates, one after another."""
        sums = self.input.weight @ x_D if self.input.bias is None else self.input.weight @ x_D + self.input.bias
        return sums if self.fed is None else sums + self.fed.weight @ fed_M

    def of_state(self, h_H: Tensor) -> Tensor:
        """What the state before adds to them."""
        sums = self.hidden.weight @ h_H
        return sums if self.hidden.bias is None else sums + self.hidden.bias


class Recurrence(Mixer):
    """A gated or plain recurrence over the slots; a kind says its gates, its states and the two functions."""

    gates: ClassVar[tuple[str, ...]]
    states: ClassVar[tuple[str, ...]] = ("h",)

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
    ) -> None:
        super().__init__()
        kind = type(self).__name__
        self.d_hidden, self.bias = d_hidden or site.width, bias
        self.visibility = both_ways(site, kind) if bidirectional else past(site, kind)
        self.bridge = make_bridge(site, bridge, self.states, self.d_hidden)
        if feed and self.bridge is None:
            raise ValueError(f"feed=true needs a vector to feed; bridge={bridge!r}, allowed: {', '.join(POOLS)}")
        self.feed = feed
        d_fed = self.bridge.d_memory if self.bridge is not None and feed else 0
        directions = 2 if bidirectional else 1
        self.cells = nn.ModuleList(Cell(self.gates, site.width, self.d_hidden, d_fed, bias) for _ in range(directions))
        d_read = directions * self.d_hidden
        self.project = None if deep_output or d_read == site.width else OutputLinear(d_read, site.width, bias=False)
        widths = {"state": d_read, "input": site.width} | ({"fed": d_fed} if feed else {})
        self.deep = DeepOutput(widths, site.width) if deep_output else None

    def sequence(self, x_BTD: Tensor, start: States, weights: list[Tensor]) -> tuple[Tensor, States]:
        """The hidden state at every slot, and the last state."""
        raise NotImplementedError

    def step(self, x_BD: Tensor, states: States, weights: list[Tensor]) -> States:
        """The state after one slot."""
        raise NotImplementedError

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        # autocast hands over what earlier parts made; the recurrent functions want one type throughout
        x_BTD = x_BTD.to(self._cell(0).hidden.weight.dtype)
        fed_BTM = self._fed(x_BTD, context)
        read_BTI = x_BTD if fed_BTM is None else torch.cat([x_BTD, fed_BTM], -1)
        slot = context.slot(lambda _: self._start(x_BTD, context))
        y_BTH = self._whole(read_BTI, context) if slot is None else self._continue(read_BTI, slot, context)
        if self.deep is not None:
            inputs = {"state": y_BTH, "input": x_BTD} | ({} if fed_BTM is None else {"fed": fed_BTM})
            y_BTD: Tensor = self.deep(**inputs)
            return y_BTD
        return y_BTH if self.project is None else self.project(y_BTH)

    def _whole(self, read_BTI: Tensor, context: Context) -> Tensor:
        start = self._start(read_BTI, context)
        outputs = []
        for i in range(len(self.cells)):
            order = reading_order(context.mask_BT, read_BTI, backward=i == 1)
            y, _ = self.sequence(reorder(read_BTI, order), start, self._cell(i).weights())
            outputs.append(restore(y, order))
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs, -1)

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        """Slot after slot by `step`, each direction on its own; a padded slot leaves the state as it is."""
        fed_BTM = self._fed(x_BTD, context)
        read_BTI = x_BTD if fed_BTM is None else torch.cat([x_BTD, fed_BTM], -1)
        real_BT = torch.ones_like(x_BTD[..., 0], dtype=torch.bool) if context.mask_BT is None else context.mask_BT
        outputs = [self._steps(read_BTI, real_BT, i, context) for i in range(len(self.cells))]
        inputs = {"state": torch.cat(outputs, -1), "input": x_BTD} | ({} if fed_BTM is None else {"fed": fed_BTM})
        y: Tensor = self.deep(**inputs) if self.deep is not None else inputs["state"]
        return y if self.project is None else self.project(y)

    def _steps(self, read_BTI: Tensor, real_BT: Tensor, direction: int, context: Context) -> Tensor:
        states, weights = self._start(read_BTI, context), self._cell(direction).weights()
        slots = list(range(read_BTI.shape[1]))
        hidden = dict.fromkeys(slots, states["h"])
        for t in reversed(slots) if direction else slots:
            new = self.step(read_BTI[:, t], states, weights)
            states = {name: torch.where(real_BT[:, t, None], new[name], states[name]) for name in self.states}
            hidden[t] = states["h"]
        return torch.stack([hidden[t] for t in slots], 1)

    def _continue(self, read_BTI: Tensor, slot: States, context: Context) -> Tensor:
        """As `_whole`, from the state in `slot`, which takes the last one; a padded slot leaves it as it is."""
        mask_BT, weights = context.mask_BT, self._cell(0).weights()
        if mask_BT is None:
            y, last = self.sequence(read_BTI, dict(slot), weights)
            slot.update(last)
            return y
        outputs = []
        for t in range(read_BTI.shape[1]):
            new = self.step(read_BTI[:, t], slot, weights)
            slot.update({name: torch.where(mask_BT[:, t, None], new[name], slot[name]) for name in self.states})
            outputs.append(slot["h"])
        return torch.stack(outputs, 1)

    def _start(self, like_BTD: Tensor, context: Context) -> States:
        if self.bridge is not None:
            return self.bridge.start(context)
        zeros = like_BTD.new_zeros(like_BTD.shape[0], self.d_hidden)
        return dict.fromkeys(self.states, zeros)

    def _fed(self, x_BTD: Tensor, context: Context) -> Tensor | None:
        if not self.feed or self.bridge is None:
            return None
        return self.bridge.vector(context).to(x_BTD.dtype)[:, None].expand(-1, x_BTD.shape[1], -1)

    def _cell(self, i: int) -> Cell:
        cell = self.cells[i]
        assert isinstance(cell, Cell)
        return cell

    def flops(self, tokens: int, pairs: int) -> int:
        return 2 * tokens * matrix_numbers(self.cells, self.project, self.deep) + 2 * matrix_numbers(self.bridge)

    def sees(self) -> Visibility:
        return self.visibility
