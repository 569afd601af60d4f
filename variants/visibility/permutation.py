"""A slot sees itself and the slots before it in a drawn order: the content stream of XLNet."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from catalog.types import Whole
from variants.parts import NO_MARKS, Marks, Site, Visibility
from variants.registry import VISIBILITY


@VISIBILITY.register("permutation")
class PermutationVisibility(Visibility):
    """Keys no later than the query in a factorisation order (Yang et al., 2019, https://arxiv.org/abs/1906.08237).

    One order of all places is drawn from `seed`; the paper draws one for each text. Places count real tokens.
    """

    counts_real = True

    def __init__(self, site: Site, *, seed: Whole = 0) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(seed)
        self.order_T = torch.randperm(site.context_length, generator=draw, device="cpu")
        self.seed = seed

    def allows(self, query: Tensor, key: Tensor, marks: Marks = NO_MARKS) -> Tensor:
        order_T = self.order_T.to(query.device)
        return order_T[key] <= order_T[query]

    def signature(self) -> tuple[Any, ...]:
        return ("PermutationVisibility", self.seed, len(self.order_T))
