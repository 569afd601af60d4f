"""Luong's global attention of a decoder over the encoder's output, which comes after the recurrence."""

from __future__ import annotations

import torch
from torch import Tensor

from variants.context import Context
from variants.matrices import matrix_numbers
from variants.parts import Mixer, OutputLinear, Site
from variants.reading import real_slots
from variants.registry import CROSS_ATTENTION
from variants.scores import Score, found, make_scores, softmax_over


@CROSS_ATTENTION.register("luong")
class LuongCrossAttention(Mixer):
    """tanh(W [c; h]), c = sum softmax(score(h, m_j)) m_j (Luong et al., 2015, https://arxiv.org/abs/1508.04025).

    h is what the recurrence before it gives, m the memory as it is. `score` is `dot` (h . m), `general` (h W m) or
    `concat` (v tanh(W [h; m])). It takes the place of h under the residual scheme `plain`, as in the paper.

    Raises:
        ValueError: the stack has no memory, or a dot product meets two widths.
    """

    def __init__(self, site: Site, *, score: Score = "general") -> None:
        super().__init__()
        if site.d_memory is None:
            raise ValueError("cross_attention needs an encoder; this model has none")
        self.scores = make_scores(score, site.width, site.d_memory)
        self.o = OutputLinear(site.d_memory + site.width, site.width, bias=False)
        self.d_memory = site.d_memory

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        memory_BSM = context.memory_BSD
        assert memory_BSM is not None
        slot = context.slot(lambda _: {"keys": self.scores.key(memory_BSM)})
        keys = self.scores.key(memory_BSM) if slot is None else slot["keys"]
        mask = None if context.memory_mask_BS is None else context.memory_mask_BS[:, None]
        weights_BTS = softmax_over(self.scores(x_BTD, keys), mask)
        context.capture("attention", weights_BTS[:, None])
        return torch.tanh(self.o(torch.cat([weights_BTS @ memory_BSM, x_BTD], -1)))

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        assert context.memory_BSD is not None
        rows = []
        for row, x_TD in enumerate(x_BTD):
            memory_SM = context.memory_BSD[row, real_slots(context.memory_mask_BS, row, context.memory_BSD)]
            read_TM = torch.stack([found(self.scores, h_D, memory_SM) for h_D in x_TD])
            rows.append(torch.tanh(torch.cat([read_TM, x_TD], -1) @ self.o.weight.T))
        return torch.stack(rows)

    def flops(self, tokens: int, pairs: int) -> int:
        """`pairs` is queries times memory slots; keys count by the memory's slots."""
        once = pairs // max(tokens, 1) * matrix_numbers(self.scores.key)
        return 2 * (
            tokens * matrix_numbers(self.o, self.scores.query) + once + pairs * (self.scores.per_pair + self.d_memory)
        )
