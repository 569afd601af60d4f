"""A slot sees the slots near it and the global ones, which see all."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from catalog.types import Count, Whole
from variants.parts import NO_MARKS, Marks, Site, Visibility
from variants.registry import VISIBILITY


@VISIBILITY.register("global_window", window=3)
class GlobalWindowVisibility(Visibility):
    """Local attention with global tokens (Longformer, Beltagy et al., 2020, https://arxiv.org/abs/2004.05150).

    `window` counts tokens to one side, the query's own included. A call marks global tokens with `global_mask`; where
    it does not, the first `n_global` real tokens of a text are global.

    Raises:
        ValueError: it stands in a decoder.
    """

    def __init__(self, site: Site, *, window: Count, n_global: Whole = 0) -> None:
        super().__init__()
        if site.stack == "decoder":
            raise ValueError("global_window lets a global token see what follows it, which a decoder may not")
        self.window = window
        self.n_global: int = n_global

    def allows(self, query: Tensor, key: Tensor, marks: Marks = NO_MARKS) -> Tensor:
        near = (query - key).abs() < self.window
        if marks.global_BS is None:
            return near | (query < self.n_global) | (key < self.n_global)
        return near | marks.global_BS[:, query] | marks.global_BS[:, key]

    def signature(self) -> tuple[Any, ...]:
        return ("GlobalWindowVisibility", self.window, self.n_global)
