"""Mamba: a gated state-space layer whose step and readings depend on the input."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catalog.types import Count, Flag, NormPart
from variants.causal_conv import CausalConv
from variants.context import Context, State
from variants.matrices import matrix_numbers
from variants.parts import Mixer, Site, Visibility
from variants.past import past
from variants.projections import OutputLinear, SlicedLinear
from variants.reading import reading_order, reorder, restore
from variants.registry import RECURRENCE
from variants.scan import Scan, plain_scan, scan

STEPS = (0.001, 0.1)


@RECURRENCE.register("mamba", d_state=4, d_step=3, kernel_size=3)
class Mamba(Mixer):
    """o(silu(z) (C h + D u)), h_t = exp(A s) h + s B u (Gu and Dao, 2023, https://arxiv.org/abs/2312.00752).

    u = silu(conv(x')), with x' and z projections of the input; the step s = softplus(W x_s + b), B and C are
    projections of u; A = -exp(a) is learned. `expand` times the model's width is that of u. `d_state` is the number of
    states per channel. `d_step` is the width of x_s, a sixteenth of the model's by default. `kernel_size` counts the
    slots of the causal convolution. `bias` gives the outer projections a bias. `conv_bias` gives the convolution one.
    `norm` acts on x_s, B and C (Jamba, https://arxiv.org/abs/2403.19887). Padding is stepped over (the library's
    convolution reads the bias there, where padding stands on the left).

    Raises:
        ValueError: the stack's visibility hides part of the past.
    """

    fixed_init: ClassVar[frozenset[str]] = frozenset({"log_decay", "step_bias", "skip"})

    def __init__(
        self,
        site: Site,
        *,
        expand: Count = 2,
        d_state: Count = 16,
        d_step: Count | None = None,
        kernel_size: Count = 4,
        bias: Flag = False,
        conv_bias: Flag = True,
        norm: NormPart | None = None,
    ) -> None:
        super().__init__()
        self.visibility = past(site, "mamba")
        inner, d_step = expand * site.width, d_step or math.ceil(site.width / 16)
        outer = {"x": inner, "z": inner}
        self.inputs = SlicedLinear(site.width, outer, frozenset(outer if bias else ()))
        self.conv = CausalConv(inner, kernel_size, conv_bias)
        self.readings = SlicedLinear(inner, {"step_in": d_step, "b": d_state, "c": d_state})
        self.step = nn.Linear(d_step, inner, bias=False)
        # first steps lie between 0.001 and 0.1, evenly on a logarithmic scale
        first = torch.logspace(math.log10(STEPS[0]), math.log10(STEPS[1]), inner)
        self.step_bias = nn.Parameter(first + torch.log(-torch.expm1(-first)))
        self.log_decay = nn.Parameter(torch.arange(1, d_state + 1).float().log().repeat(inner, 1))
        self.skip = nn.Parameter(torch.ones(inner))
        self.o = OutputLinear(inner, site.width, bias=bias)
        self.step_norm = site.part("norm", norm, width=d_step)
        self.b_norm, self.c_norm = (site.part("norm", norm, width=d_state) for _ in range(2))
        self.d_state = d_state

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        return self._mix(x_BTD, context, scan)

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        return self._mix(x_BTD, context, plain_scan)

    def _mix(self, x_BTD: Tensor, context: Context, run: Scan) -> Tensor:
        x_BTE, z_BTE = self.inputs(x_BTD)
        order = reading_order(context.mask_BT, x_BTE)
        slot = context.slot(lambda state: self._nothing(state, x_BTE))
        u_BTE = F.silu(self.conv.read(reorder(x_BTE, order), context, slot))
        states_BTEN, c_BTN = self._states(u_BTE, slot, run)
        if slot is not None:
            slot["h"] = self._last(states_BTEN, slot["h"], context)
        y_BTE = torch.einsum("bten,btn->bte", states_BTEN, c_BTN) + self.skip * u_BTE
        out: Tensor = self.o(restore(y_BTE, order) * F.silu(z_BTE))
        return out

    def _states(self, u_BTE: Tensor, slot: dict[str, Tensor] | None, run: Scan) -> tuple[Tensor, Tensor]:
        """The states after each slot, and what reads them."""
        step_in, b_BTN, c_BTN = self.readings(u_BTE)
        if self.step_norm is not None:
            step_in, b_BTN, c_BTN = self.step_norm(step_in), self.b_norm(b_BTN), self.c_norm(c_BTN)
        step_BTE = F.softplus(self.step(step_in) + self.step_bias)
        kept_BTEN = torch.exp(-step_BTE[..., None] * torch.exp(self.log_decay))
        new_BTEN = (step_BTE * u_BTE)[..., None] * b_BTN[:, :, None]
        return run(kept_BTEN, new_BTEN, None if slot is None else slot["h"]), c_BTN

    def _nothing(self, state: State, like_BTE: Tensor) -> dict[str, Tensor]:
        h = like_BTE.new_zeros(state.batch, like_BTE.shape[2], self.d_state)
        return {"inputs": self.conv.nothing(state.batch, like_BTE), "h": h}

    def _last(self, states_BTEN: Tensor, before_BEN: Tensor, context: Context) -> Tensor:
        """The state after the last real slot; padding has been read last."""
        if context.mask_BT is None:
            return states_BTEN[:, -1]
        every = torch.cat([before_BEN[:, None], states_BTEN], 1)
        return every[torch.arange(len(every), device=every.device), context.mask_BT.sum(1)]

    def flops(self, tokens: int, pairs: int) -> int:
        products = matrix_numbers(self.inputs, self.conv, self.readings, self.step, self.o)
        # per state: what is kept, what is new, and the reading
        return 2 * tokens * (products + 3 * self.log_decay.numel())

    def sees(self) -> Visibility:
        return self.visibility
