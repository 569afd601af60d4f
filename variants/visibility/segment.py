"""A slot sees its own segment, and the slots just before it."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from catalog.types import Count, Whole
from variants.parts import NO_MARKS, Marks, Site, Visibility
from variants.registry import VISIBILITY


@VISIBILITY.register("segment", segment_length=4, memory_length=3)
class SegmentVisibility(Visibility):
    """Segments with a memory of what came before (Transformer-XL, Dai et al., 2019, https://arxiv.org/abs/1901.02860).

    A text is cut every `segment_length` real tokens. A slot sees its own segment and the `memory_length` slots before
    that, so that through n layers it reaches n memories back.
    """

    counts_real = True

    def __init__(self, site: Site, *, segment_length: Count, memory_length: Whole) -> None:
        super().__init__()
        self.segment_length, self.memory_length = segment_length, memory_length
        self.reach = segment_length + memory_length

    def allows(self, query: Tensor, key: Tensor, marks: Marks = NO_MARKS) -> Tensor:
        start = query // self.segment_length * self.segment_length
        return (key >= start - self.memory_length) & (key < start + self.segment_length)

    def signature(self) -> tuple[Any, ...]:
        return ("SegmentVisibility", self.segment_length, self.memory_length)
