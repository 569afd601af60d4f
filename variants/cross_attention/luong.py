"""Luong's attention, global or local, of a decoder over the encoder's output, which comes after the recurrence."""

from __future__ import annotations

import torch
from torch import Tensor

from catalog.types import Count
from variants.alignment import Align, make_alignment
from variants.context import Context
from variants.matrices import matrix_numbers
from variants.parts import Mixer, Site
from variants.projections import OutputLinear
from variants.reading import real_slots
from variants.registry import CROSS_ATTENTION
from variants.scores import Score, against, make_scores


@CROSS_ATTENTION.register("luong", reach=2)
class LuongCrossAttention(Mixer):
    """tanh(W [c; h]), c = sum softmax(score(h, m_j)) m_j (Luong et al., 2015, https://arxiv.org/abs/1508.04025).

    h is what the recurrence before it gives, m the memory as it is. `score` is `dot` (h . m), `general` (h W m) or
    `concat` (v tanh(W [h; m])); the score by place alone is left out. `align` is `global`, over all of the memory, or
    local, over at most `reach` slots to either side of a place: slot number t (`monotonic`) or one that is guessed from
    h (`predictive`), from which weights fall off. `reach` is given with these two. It takes the place of h under the
    residual scheme `plain`, as in the paper.

    Raises:
        ValueError: the stack has no memory, a dot product meets two widths, or only one of `reach` and a local align.
    """

    def __init__(
        self, site: Site, *, score: Score = "general", align: Align = "global", reach: Count | None = None
    ) -> None:
        super().__init__()
        if site.d_memory is None:
            raise ValueError("cross_attention needs an encoder; this model has none")
        self.scores = make_scores(score, site.width, site.d_memory)
        self.alignment = make_alignment(align, site.width, reach)
        self.spans_memory = reach is None
        self.o = OutputLinear(site.d_memory + site.width, site.width, bias=False)
        self.d_memory = site.d_memory

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        memory_BSM = context.memory_BSD
        assert memory_BSM is not None
        slot = context.slot(lambda _: {"keys": self.scores.key(memory_BSM)})
        keys = self.scores.key(memory_BSM) if slot is None else slot["keys"]
        weights_BTS = self.alignment(self.scores(x_BTD, keys), x_BTD, context.query_ids("mask"), context)
        context.capture("attention", weights_BTS[:, None])
        return torch.tanh(self.o(torch.cat([weights_BTS @ memory_BSM, x_BTD], -1)))

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        assert context.memory_BSD is not None
        y_BTD = torch.zeros_like(x_BTD)
        for row, x_TD in enumerate(x_BTD):
            memory_SM = context.memory_BSD[row, real_slots(context.memory_mask_BS, row, context.memory_BSD)]
            for number, t in enumerate(real_slots(context.mask_BT, row, x_BTD)):
                scores_S = against(self.scores, x_TD[t], memory_SM)
                read_M = self.alignment.single(scores_S, x_TD[t], number) @ memory_SM
                y_BTD[row, t] = torch.tanh(self.o.weight @ torch.cat([read_M, x_TD[t]]))
        return y_BTD

    def flops(self, tokens: int, pairs: int) -> int:
        """`pairs` is queries times memory slots; keys count by the memory's slots."""
        once = pairs // max(tokens, 1) * matrix_numbers(self.scores.key)
        return 2 * (
            tokens * matrix_numbers(self.o, self.scores.query, self.alignment)
            + once
            + pairs * (self.scores.per_pair + self.d_memory)
        )
