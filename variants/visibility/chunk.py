"""A slot sees the slots of its own chunk."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from catalog.types import Count
from variants.parts import NO_MARKS, Marks, Site, Visibility
from variants.registry import VISIBILITY


@VISIBILITY.register("chunk", chunk=4)
class ChunkVisibility(Visibility):
    """Chunks of equal length that do not see one another (Child et al., 2019, https://arxiv.org/abs/1904.10509).

    `chunk` is their length in real tokens: the first begins at the first of them, whatever padding stands before. In a
    causal stack these are the local layers of Llama 4.
    """

    counts_real = True

    def __init__(self, site: Site, *, chunk: Count) -> None:
        super().__init__()
        self.chunk = chunk

    def allows(self, query: Tensor, key: Tensor, marks: Marks = NO_MARKS) -> Tensor:
        return query // self.chunk == key // self.chunk

    def signature(self) -> tuple[Any, ...]:
        return ("ChunkVisibility", self.chunk)
