"""Gated short convolution: each channel mixes its own last few slots."""

from __future__ import annotations

import torch
from torch import Tensor

from catalog.types import Count, Flag
from variants.causal_conv import CausalConv
from variants.context import Context
from variants.matrices import matrix_numbers
from variants.parts import Mixer, Site, Visibility
from variants.past import recent
from variants.projections import OutputLinear, SlicedLinear
from variants.reading import reading_order, real_slots, reorder, restore
from variants.registry import CONVOLUTION


@CONVOLUTION.register("short_conv", kernel_size=3)
class ShortConvolution(Mixer):
    """o(c * conv(b * x)), with b, c and x projections of the input, as in LFM2 (Liquid AI, 2025).

    https://www.liquid.ai/blog/liquid-foundation-models-v2-our-second-series-of-generative-ai-models

    The convolution is causal and depthwise. `kernel_size` counts slots, the present one included. `bias` gives the
    projections and the convolution a bias each. Padding is stepped over, so that gaps do not come between tokens (the
    library's convolution reads the bias there, where padding stands on the left).

    Raises:
        ValueError: the stack's visibility hides part of what the kernel reads.
    """

    def __init__(self, site: Site, *, kernel_size: Count = 3, bias: Flag = False) -> None:
        super().__init__()
        width = site.width
        self.visibility = recent(site, "short_conv", kernel_size)
        slices = {"b": width, "c": width, "x": width}
        self.gates = SlicedLinear(width, slices, frozenset(slices if bias else ()))
        self.conv = CausalConv(width, kernel_size, bias)
        self.o = OutputLinear(width, width, bias=bias)

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        b, c, x = self.gates(x_BTD)
        u_BTD = b * x
        order = reading_order(context.mask_BT, u_BTD)
        slot = context.slot(lambda state: {"inputs": self.conv.nothing(state.batch, u_BTD)})
        mixed_BTD = self.conv.read(reorder(u_BTD, order), context, slot)
        y: Tensor = self.o(c * restore(mixed_BTD, order))
        return y

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        b, c, x = self.gates(x_BTD)
        mixed_BTD = torch.zeros_like(x)
        for row, u_TD in enumerate(b * x):
            real = real_slots(context.mask_BT, row, x)
            for place, t in enumerate(real):
                taps = [
                    (self.conv.before - back, real[place - back]) for back in range(min(place, self.conv.before) + 1)
                ]
                mixed_BTD[row, t] = torch.stack([self.conv.weight[:, 0, k] * u_TD[slot] for k, slot in taps]).sum(0)
        bias = 0 if self.conv.bias is None else self.conv.bias
        y: Tensor = self.o(c * (mixed_BTD + bias))
        return y

    def flops(self, tokens: int, pairs: int) -> int:
        return 2 * tokens * matrix_numbers(self)

    def sees(self) -> Visibility:
        return self.visibility
