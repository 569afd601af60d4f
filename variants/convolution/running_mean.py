"""The mean of what has been read so far: a bag of words."""

from __future__ import annotations

import torch
from torch import Tensor

from variants.context import Context
from variants.parts import Mixer, Site, Visibility
from variants.past import both_ways, past
from variants.reading import real_slots
from variants.registry import CONVOLUTION


@CONVOLUTION.register("running_mean")
class RunningMean(Mixer):
    """The mean of x_1 ... x_t, or of all x in a stack that sees both ways (https://aclanthology.org/P15-1162).

    It is what deep averaging networks begin with (Iyyer et al., 2015). It has no parameter and knows no order; what a
    model gains over it, it gains from order or from choosing.

    Raises:
        ValueError: the stack's visibility hides part of the past.
    """

    def __init__(self, site: Site) -> None:
        super().__init__()
        full = site.visibility is not None and site.visibility.is_full
        self.visibility = (both_ways if full else past)(site, "running_mean")
        self.width = site.width

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        real_BT1 = torch.ones_like(x_BTD[..., :1]) if context.mask_BT is None else context.mask_BT[..., None]
        real_BT1 = real_BT1.to(x_BTD.dtype)
        slot = context.slot(
            lambda _: {"sum": torch.zeros_like(x_BTD[:, :1]), "count": torch.zeros_like(real_BT1[:, :1])}
        )
        sums = {"sum": (x_BTD * real_BT1).cumsum(1), "count": real_BT1.cumsum(1)}
        if slot is not None:
            sums = {name: slot[name] + value for name, value in sums.items()}
            slot.update({name: value[:, -1:] for name, value in sums.items()})
        if self.visibility.is_full:
            sums = {name: value[:, -1:].expand_as(value) for name, value in sums.items()}
        return sums["sum"] / sums["count"].clamp_min(1)

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        y_BTD = torch.zeros_like(x_BTD)
        for row, x_TD in enumerate(x_BTD):
            real = real_slots(context.mask_BT, row, x_BTD)
            for t in real:
                y_BTD[row, t] = x_TD[real if self.visibility.is_full else real[real <= t]].mean(0)
        return y_BTD

    def flops(self, tokens: int, pairs: int) -> int:
        """One sum and one division for each number."""
        return 2 * tokens * self.width

    def sees(self) -> Visibility:
        return self.visibility
