"""The prefix sees all of itself; later slots see the prefix and the past."""

from __future__ import annotations

from torch import Tensor

from variants.parts import NO_MARKS, Marks, Site, Visibility
from variants.registry import VISIBILITY


@VISIBILITY.register("prefix")
class PrefixVisibility(Visibility):
    """Bidirectional within the prefix, causal after it (Raffel et al., 2019, https://arxiv.org/abs/1910.10683).

    Without a prefix it is causal.
    """

    is_streaming = True
    is_unbroken = True
    reads_prefix = True

    def __init__(self, site: Site) -> None:
        super().__init__()

    def allows(self, query: Tensor, key: Tensor, marks: Marks = NO_MARKS) -> Tensor:
        past = key <= query
        return past if marks.prefix_B11 is None else past | (key < marks.prefix_B11)
