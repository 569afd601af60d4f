"""Fourier mixing: the real part of the discrete transform over slots and channels, without a parameter."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from variants.context import Context
from variants.parts import Mixer, Site, Visibility
from variants.past import both_ways
from variants.reading import real_slots
from variants.registry import CONVOLUTION


@CONVOLUTION.register("fourier")
class FourierMixing(Mixer):
    """Re(F_T x F_D), two discrete Fourier transforms (FNet, Lee-Thorp et al., 2021, https://arxiv.org/abs/2105.03824).

    Padded rows are transformed over their real slots alone, so that padding changes nothing; the paper lets it in.

    Raises:
        ValueError: the stack hides some slots from others.
    """

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.visibility = both_ways(site, "fourier")
        self.width, self.longest = site.width, site.context_length

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        mask_BT = context.mask_BT
        if mask_BT is None:
            mixed: Tensor = torch.fft.fft2(x_BTD, dim=(1, 2)).real
            return mixed
        over_channels = torch.fft.fft(x_BTD, dim=2)
        cos_BTT, sin_BTT = self._waves(mask_BT, x_BTD.dtype)
        over_slots: Tensor = cos_BTT @ over_channels.real + sin_BTT @ over_channels.imag
        return over_slots

    def _waves(self, mask_BT: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """The transform over each row's own number of real slots, zero elsewhere."""
        exact = torch.promote_types(dtype, torch.float32)
        place_BT = (mask_BT.long().cumsum(1) - 1).clamp_min(0)
        length_B11 = mask_BT.sum(1).clamp_min(1)[:, None, None]
        turns_BTT = (place_BT[:, :, None] * place_BT[:, None, :]) % length_B11
        angle_BTT = 2 * math.pi * turns_BTT.to(exact) / length_B11
        real_BTT = mask_BT[:, :, None] & mask_BT[:, None, :]
        return tuple((wave * real_BTT).to(dtype) for wave in (angle_BTT.cos(), angle_BTT.sin()))  # type: ignore[return-value]

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        """Both sums written out, each row over its real slots."""
        y_BTD = torch.zeros_like(x_BTD)
        for row, x_TD in enumerate(x_BTD):
            real = real_slots(context.mask_BT, row, x_BTD)
            n, d = torch.arange(len(real), dtype=x_TD.dtype), torch.arange(x_TD.shape[1], dtype=x_TD.dtype)
            slots, channels = (torch.exp(-2j * math.pi * (i[:, None] * i) / len(i)) for i in (n, d))
            y_BTD[row, real] = (slots @ x_TD[real].to(slots.dtype) @ channels).real
        return y_BTD

    def flops(self, tokens: int, pairs: int) -> int:
        """Five for each number and halving of both fast transforms, of the longest text."""
        return int(5 * tokens * self.width * (math.log2(self.width) + math.log2(self.longest)))

    def sees(self) -> Visibility:
        return self.visibility
