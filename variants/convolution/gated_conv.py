"""Gated convolution over the slots before the present, or over those on both sides."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from catalog.types import Count, Flag
from variants.causal_conv import CausalConv
from variants.conjunction import Both
from variants.context import Context
from variants.matrices import matrix_numbers
from variants.parts import Mixer, Site, Visibility
from variants.past import both_ways, recent
from variants.projections import WritesStream
from variants.reading import reading_order, real_slots, reorder, restore
from variants.registry import CONVOLUTION


class OutputConv(WritesStream, CausalConv):
    """A convolution that writes to the stream."""


@CONVOLUTION.register("gated_conv", kernel_size=3)
class GatedConvolution(Mixer):
    """a * sigmoid(b), [a, b] = W [x_(t-k) ... x_t] + c (Gehring et al., 2017, https://arxiv.org/abs/1705.03122).

    `kernel_size` counts slots: the present one and those before it, or as many on both sides of it where the stack sees
    both ways. `bias` is c. `weight_norm` makes each filter g v / |v|, as in the paper (https://arxiv.org/abs/1602.07868).
    Padding is stepped over, so that gaps do not come between tokens.

    Raises:
        ValueError: the stack's visibility hides part of what the kernel reads, or an even kernel has no middle.
    """

    def __init__(self, site: Site, *, kernel_size: Count = 3, bias: Flag = True, weight_norm: Flag = False) -> None:
        super().__init__()
        kind = type(self).__name__
        self.centred = site.visibility is not None and site.visibility.is_full
        if self.centred and kernel_size % 2 == 0:
            raise ValueError(
                f"kernel_size={kernel_size} has no middle, and the {site.stack} sees both ways; use an odd one"
            )
        self.visibility = _near(site, kind, kernel_size // 2) if self.centred else recent(site, kind, kernel_size)
        self.conv = OutputConv(site.width, kernel_size, bias, 2 * site.width, weight_norm)

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        order = reading_order(context.mask_BT, x_BTD)
        read_BTD = reorder(x_BTD, order)
        y_BTF = self._centred(read_BTD, context) if self.centred else self._causal(read_BTD, context)
        return restore(F.glu(y_BTF, -1), order)

    def _causal(self, read_BTD: Tensor, context: Context) -> Tensor:
        slot = context.slot(lambda state: {"inputs": self.conv.nothing(state.batch, read_BTD)})
        return self.conv.read(read_BTD, context, slot)

    def _centred(self, read_BTD: Tensor, context: Context) -> Tensor:
        if context.mask_BT is not None:
            # padding has been read last, and is nothing
            real_BT = torch.arange(read_BTD.shape[1], device=read_BTD.device) < context.mask_BT.sum(1, keepdim=True)
            read_BTD = read_BTD * real_BT[..., None]
        return F.conv1d(read_BTD.mT, self.conv.kernel(), self.conv.bias, padding=self.conv.before // 2).mT

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        y_BTD = torch.zeros_like(x_BTD)
        for row, x_TD in enumerate(x_BTD):
            real = real_slots(context.mask_BT, row, x_BTD)
            y_BTD[row, real] = F.glu(self._taps(x_TD[real]), -1)
        return y_BTD

    def _taps(self, x_TD: Tensor) -> Tensor:
        """The convolution of one text as a sum over the taps of its kernel, (T, 2 D)."""
        weight, gain = self.conv.weight, self.conv.gain
        if gain is not None:
            weight = torch.stack([g * v / v.square().sum().sqrt() for g, v in zip(gain, weight, strict=True)])
        before = self.conv.before // 2 if self.centred else self.conv.before
        rows = []
        for t in range(len(x_TD)):
            taps = [(k, t + k - before) for k in range(self.conv.before + 1) if 0 <= t + k - before < len(x_TD)]
            total = torch.stack([weight[:, :, k] @ x_TD[slot] for k, slot in taps]).sum(0)
            rows.append(total if self.conv.bias is None else total + self.conv.bias)
        return torch.stack(rows)

    def flops(self, tokens: int, pairs: int) -> int:
        return 2 * tokens * matrix_numbers(self)

    def sees(self) -> Visibility:
        return self.visibility


def _near(site: Site, kind: str, reach: int) -> Visibility:
    """The slots at most `reach` away, on both sides."""
    return Both(both_ways(site, kind), site.part("visibility", {"kind": "window", "window": reach + 1}))
