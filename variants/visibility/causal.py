"""A slot sees itself and the slots before it."""

from __future__ import annotations

from torch import Tensor

from variants.parts import NO_MARKS, Marks, Site, Visibility
from variants.registry import VISIBILITY


@VISIBILITY.register("causal")
class CausalVisibility(Visibility):
    """Past and present only, as in a decoder (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762)."""

    is_causal = True
    is_streaming = True
    is_unbroken = True
    ahead = 0

    def __init__(self, site: Site) -> None:
        super().__init__()

    def allows(self, query: Tensor, key: Tensor, marks: Marks = NO_MARKS) -> Tensor:
        return key <= query
