"""A slot sees only the slots near it."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from catalog.types import Count
from variants.parts import NO_MARKS, Marks, Site, Visibility
from variants.registry import VISIBILITY


@VISIBILITY.register("window", window=3)
class WindowVisibility(Visibility):
    """Local attention (Beltagy et al., 2020, https://arxiv.org/abs/2004.05150).

    `window` counts tokens to one side, the query's own included: |query - key| < window. In a causal stack this is
    the sliding window of Mistral 7B (https://arxiv.org/abs/2310.06825).
    """

    is_unbroken = True

    def __init__(self, site: Site, *, window: Count) -> None:
        super().__init__()
        self.window = self.reach = window
        self.ahead = window - 1

    def allows(self, query: Tensor, key: Tensor, marks: Marks = NO_MARKS) -> Tensor:
        return (query - key).abs() < self.window

    def signature(self) -> tuple[Any, ...]:
        return ("WindowVisibility", self.window)
