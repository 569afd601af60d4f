"""Every slot sees every slot."""

from __future__ import annotations

import torch
from torch import Tensor

from variants.parts import NO_MARKS, Marks, Site, Visibility
from variants.registry import VISIBILITY


@VISIBILITY.register("full")
class FullVisibility(Visibility):
    """All to all, as in an encoder (Devlin et al., 2018, https://arxiv.org/abs/1810.04805)."""

    is_full = True
    is_unbroken = True

    def __init__(self, site: Site) -> None:
        super().__init__()

    def allows(self, query: Tensor, key: Tensor, marks: Marks = NO_MARKS) -> Tensor:
        return torch.ones_like(query * key, dtype=torch.bool)
