"""Randomised positions: another scheme reads a sorted random choice among more positions than there are slots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from catalog.records import options_of
from catalog.types import Count, PositionPart
from variants.context import Context
from variants.parts import Position, Site
from variants.registry import POSITION

SINUSOIDAL: dict[str, Any] = {"kind": "sinusoidal"}


@POSITION.register("randomised", longest=72)
class RandomisedPosition(Position):
    """Ordered positions at random distances (Ruoss et al., 2023, https://arxiv.org/abs/2305.16843).

    `scheme` is the one that reads them: sinusoidal, learned, rope, alibi. `longest` is how many positions there are, at
    least context_length. In training every forward draws as many as there are slots, and sorts them. In evaluation,
    where the paper draws as well, they stand evenly, longest // context_length apart, so that an answer is one answer.

    Raises:
        ValueError: too few positions, a scheme without `ids`, or training with a decoding state.
    """

    hooks = frozenset({"embed", "rotate", "bias"})

    def __init__(self, site: Site, *, longest: Count, scheme: PositionPart = SINUSOIDAL) -> None:
        super().__init__()
        if longest < site.context_length:
            raise ValueError(f"longest={longest} positions are fewer than context_length={site.context_length}")
        self.scheme: Position = site.part("position", scheme, context_length=longest)
        self._check(scheme["kind"])
        self.longest, self.stride = longest, longest // site.context_length
        self.hooks = self.scheme.hooks  # type: ignore[misc]
        self.ids, self.is_relative, self.reads_keys = self.scheme.ids, self.scheme.is_relative, self.scheme.reads_keys  # type: ignore[misc]
        self.settled = self.scheme.settled

    def _check(self, kind: str) -> None:
        allowed = type(self).hooks
        if "ids" not in options_of(type(self.scheme)) or not self.scheme.hooks <= allowed:
            raise ValueError(f"scheme={kind!r} does not read positions that randomised could move; one with `ids` does")

    def check_heads(self, n_heads: int, d_head: int) -> None:
        self.scheme.check_heads(n_heads, d_head)

    def prepare(self, context: Context) -> None:
        self.scheme.prepare(self._moved(context))

    def embed(self, x_BTD: Tensor, context: Context) -> Tensor:
        return self.scheme.embed(x_BTD, self._moved(context))

    def rotate(self, q_BHTK: Tensor, k_BGTK: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        return self.scheme.rotate(q_BHTK, k_BGTK, self._moved(context))

    def bias(self, q_BHTK: Tensor, k_BHSK: Tensor, context: Context) -> Tensor | None:
        return self.scheme.bias(q_BHTK, k_BHSK, self._moved(context))

    def flops(self, tokens: int, pairs: int) -> int:
        return self.scheme.flops(tokens, pairs)

    def _moved(self, context: Context) -> Context:
        """The context in which positions stand apart, with tables of its own for this forward."""
        tables = context.table(("randomised", self.longest, self.stride), dict)
        if "respace" not in tables:
            tables["respace"] = self._drawn(context) if self.training else self._evenly
        return replace(context, tables=tables, respace=tables["respace"])

    def _evenly(self, ids: Tensor) -> Tensor:
        return ids * self.stride

    def _drawn(self, context: Context) -> Callable[[Tensor], Tensor]:
        if context.state is not None:
            raise ValueError("randomised positions are drawn anew in every forward; train without a decoding state")
        if context.tokens > self.longest:
            raise ValueError(f"{context.tokens} slots are more than longest={self.longest} positions")
        places_T = torch.randperm(self.longest, device=context.device)[: context.tokens].sort().values
        return lambda ids: places_T[ids]
