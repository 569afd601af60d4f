"""A causal convolution over the real slots, depthwise or not, which keeps its last inputs while decoding."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from variants.context import Context
from variants.weight_norm import lengths, normed


class CausalConv(nn.Conv1d):
    """y_t = b + sum over k of w_k * x_(t-k), each channel with a kernel of its own, or all in `d_out` others.

    With `weight_norm` w is g v / |v| for each filter v.
    """

    fixed_init: ClassVar[frozenset[str]] = frozenset({"gain"})

    def __init__(
        self, width: int, kernel_size: int, bias: bool, d_out: int | None = None, weight_norm: bool = False
    ) -> None:
        super().__init__(width, d_out or width, kernel_size, groups=1 if d_out else width, bias=bias)
        self.before = kernel_size - 1
        self.gain = nn.Parameter(torch.ones(d_out or width)) if weight_norm else None

    def kernel(self) -> Tensor:
        """w."""
        return self.weight if self.gain is None else normed(self.weight, self.gain)

    def settle(self) -> None:
        """Takes the lengths that first values have."""
        if self.gain is not None:
            self.gain.copy_(lengths(self.weight))

    def nothing(self, batch: int, like_BTD: Tensor) -> Tensor:
        """The inputs before the first slot."""
        return like_BTD.new_zeros(batch, self.before, like_BTD.shape[2])

    def read(self, x_BTD: Tensor, context: Context, slot: dict[str, Tensor] | None) -> Tensor:
        """The convolution of x, in reading order; `slot` holds the inputs that came before, and takes the last ones."""
        past = self.nothing(context.batch, x_BTD) if slot is None else slot["inputs"]
        read_BSD = torch.cat([past, x_BTD], 1)
        if slot is not None:
            slot["inputs"] = self._last(read_BSD, context)
        return F.conv1d(read_BSD.mT, self.kernel(), self.bias, groups=self.groups).mT

    def _last(self, read_BSD: Tensor, context: Context) -> Tensor:
        """The inputs that the next slot will need: those just before the padding, which has been read last."""
        if context.mask_BT is None:
            return read_BSD[:, read_BSD.shape[1] - self.before :]
        slots = torch.arange(self.before, device=read_BSD.device) + context.mask_BT.sum(1, keepdim=True)
        return read_BSD.gather(1, slots[..., None].expand(-1, -1, read_BSD.shape[2]))
