"""Linear biases as Falcon adds them: by the key's position, in bfloat16, scaled as the scores are."""

from __future__ import annotations

import torch
from torch import Tensor

from variants.context import Context
from variants.parts import Position, Site
from variants.position.alibi import slopes_of
from variants.registry import POSITION


@POSITION.register("alibi_bfloat16")
class RoundedLinearBias(Position):
    """slope * j added to each score before it is scaled (ALiBi in Falcon-RW, https://arxiv.org/abs/2306.01116).

    j is the key's position among the real tokens. To a softmax this is `alibi`, but for the scale and the rounding:
    slopes and biases are bfloat16 numbers, so that keys past position 256 share biases.
    """

    hooks = frozenset({"bias"})
    ids = "mask"

    def __init__(self, site: Site) -> None:
        super().__init__()

    def bias(self, q_BHTK: Tensor, k_BHSK: Tensor, context: Context) -> Tensor:
        n_heads = q_BHTK.shape[1]
        bias: Tensor = context.table(("alibi_bfloat16", n_heads), lambda: self._bias(n_heads, context))
        return context.scale * bias.to(q_BHTK.dtype)

    def _bias(self, n_heads: int, context: Context) -> Tensor:
        ids = context.key_ids(self.ids)
        slopes = torch.tensor(slopes_of(n_heads), dtype=torch.bfloat16, device=ids.device)
        bias = slopes[:, None, None] * ids[..., None, None, :]
        return bias if bias.dim() == 4 else bias[None]
