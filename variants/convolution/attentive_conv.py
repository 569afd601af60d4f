"""Gated convolution that then queries the encoder's output: a decoder layer of ConvS2S."""

from __future__ import annotations

from torch import Tensor, nn

from catalog.types import Count, Flag
from variants.context import Context
from variants.convolution.gated_conv import GatedConvolution
from variants.matrices import matrix_numbers
from variants.parts import Site
from variants.registry import CONVOLUTION
from variants.scores import softmax_over
from variants.weight_norm import NormedLinear


@CONVOLUTION.register("attentive_conv", kernel_size=3)
class AttentiveConvolution(GatedConvolution):
    """(v + c) / sqrt(2), c = sqrt(m) sum_j softmax((W v + b + g) . z_j) (z_j + e_j) (https://arxiv.org/abs/1705.03122).

    v is the gated convolution of `gated_conv`, z the encoder's output and e its embedded tokens, m of them real; g is
    the decoder's embedded token. `kernel_size` counts slots, the present one included. `bias` is that of the
    convolution. `weight_norm` makes each filter, and each row of W, g v / |v|, as in the paper.

    Raises:
        ValueError: the stack has no memory, or one of another width.
    """

    reads_memory = True

    def __init__(self, site: Site, *, kernel_size: Count = 3, bias: Flag = True, weight_norm: Flag = False) -> None:
        super().__init__(site, kernel_size=kernel_size, bias=bias, weight_norm=weight_norm)
        if site.d_memory != site.width:
            has = (
                "this stack has none" if site.d_memory is None else f"it has {site.d_memory} numbers, not {site.width}"
            )
            raise ValueError(f"attentive_conv needs an encoder's output to attend to; {has}")
        self.query = (NormedLinear if weight_norm else nn.Linear)(site.width, site.width)

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        return self._attend(super().forward(x_BTD, context), context)

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        return self._attend(super().plain(x_BTD, context), context)

    def _attend(self, v_BTD: Tensor, context: Context) -> Tensor:
        memory_BSD, embedded_BSD, token_BTD = context.memory_BSD, context.memory_inputs_BSD, context.inputs_BTD
        assert memory_BSD is not None
        assert embedded_BSD is not None
        assert token_BTD is not None
        real_BS = context.memory_mask_BS
        scores_BTS = (self.query(v_BTD) + token_BTD) @ memory_BSD.mT
        weights_BTS = softmax_over(scores_BTS, None if real_BS is None else real_BS[:, None])
        context.capture("attention", weights_BTS[:, None])
        count = memory_BSD.shape[1] if real_BS is None else real_BS.sum(1)[:, None, None].to(memory_BSD.dtype)
        found_BTD = weights_BTS @ (memory_BSD + embedded_BSD) * count**0.5
        total: Tensor = (v_BTD + found_BTD) * 0.5**0.5
        return total

    def flops(self, tokens: int, pairs: int) -> int:
        """`pairs` is queries times memory slots."""
        return 2 * (tokens * matrix_numbers(self) + 2 * pairs * self.query.weight.shape[0])
