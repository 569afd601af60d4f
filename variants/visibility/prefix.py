"""The prefix sees all of itself; later slots see the prefix and the past."""

from __future__ import annotations

from torch import Tensor

from variants.parts import Site, Visibility
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

    def allows(self, query: Tensor, key: Tensor, prefix_B11: Tensor | None = None) -> Tensor:
        past = key <= query
        return past if prefix_B11 is None else past | (key < prefix_B11)
