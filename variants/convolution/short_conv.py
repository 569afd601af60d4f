"""Gated short convolution: each channel mixes its own last few slots."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catalog.types import Count, Flag
from variants.context import Context, State
from variants.matrices import matrix_numbers
from variants.parts import Mixer, OutputLinear, Site, SlicedLinear, Visibility
from variants.past import recent
from variants.reading import reading_order, reorder, restore
from variants.registry import CONVOLUTION


@CONVOLUTION.register("short_conv", kernel_size=3)
class ShortConvolution(Mixer):
    """o(c * conv(b * x)), with b, c and x projections of the input, as in LFM2 (Liquid AI, 2025).

    https://www.liquid.ai/blog/liquid-foundation-models-v2-our-second-series-of-generative-ai-models

    The convolution is causal and depthwise. `kernel_size` counts slots, the present one included. `bias` gives the
    projections and the convolution a bias each. Padding is stepped over, so that gaps do not come between tokens.

    Raises:
        ValueError: the stack's visibility hides part of what the kernel reads.
    """

    def __init__(self, site: Site, *, kernel_size: Count = 3, bias: Flag = False) -> None:
        super().__init__()
        width = site.width
        self.visibility = recent(site, "short_conv", kernel_size)
        slices = {"b": width, "c": width, "x": width}
        self.gates = SlicedLinear(width, slices, frozenset(slices if bias else ()))
        self.conv = nn.Conv1d(width, width, kernel_size, groups=width, bias=bias)
        self.o = OutputLinear(width, width, bias=bias)
        self.before = kernel_size - 1

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        b, c, x = self.gates(x_BTD)
        u_BTD = b * x
        order = reading_order(context.mask_BT, u_BTD)
        slot = context.slot(lambda state: self._nothing(state, u_BTD))
        past = self._nothing(context, u_BTD) if slot is None else slot
        read_BSD = torch.cat([past["inputs"], reorder(u_BTD, order)], 1)
        mixed_BTD = F.conv1d(read_BSD.mT, self.conv.weight, self.conv.bias, groups=read_BSD.shape[2]).mT
        if slot is not None:
            slot["inputs"] = self._last(read_BSD, context)
        y: Tensor = self.o(c * restore(mixed_BTD, order))
        return y

    def _nothing(self, rows: State | Context, like_BTD: Tensor) -> dict[str, Tensor]:
        return {"inputs": like_BTD.new_zeros(rows.batch, self.before, like_BTD.shape[2])}

    def _last(self, read_BSD: Tensor, context: Context) -> Tensor:
        """The inputs that the next slot will need: those just before the padding, which has been read last."""
        if context.mask_BT is None:
            return read_BSD[:, read_BSD.shape[1] - self.before :]
        slots = torch.arange(self.before, device=read_BSD.device) + context.mask_BT.sum(1, keepdim=True)
        return read_BSD.gather(1, slots[..., None].expand(-1, -1, read_BSD.shape[2]))

    def flops(self, tokens: int, pairs: int) -> int:
        return 2 * tokens * matrix_numbers(self)

    def sees(self) -> Visibility:
        return self.visibility
