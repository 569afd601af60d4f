"""Learned absolute positions, added to the embedding."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from catalog.types import Count, Whole
from variants.binding import Step, binds
from variants.context import Context
from variants.parts import Position, Site
from variants.projections import Table
from variants.registry import POSITION


@POSITION.register("learned", offset=2, length=40)
class LearnedPosition(Position):
    """One learned vector per position (Gehring et al., 2017, https://arxiv.org/abs/1705.03122).

    `length` is how many positions there are, context_length by default. `offset` rows at the table's start are skipped
    (BART, OPT). `ids` counts slots (`arange`) or real tokens (`mask`).

    Raises:
        ValueError: a text is longer than the table.
    """

    hooks = frozenset({"embed"})

    def __init__(
        self,
        site: Site,
        *,
        length: Count | None = None,
        offset: Whole = 0,
        ids: Literal["arange", "mask"] = "arange",
    ) -> None:
        super().__init__()
        self.rows, self.offset, self.ids = length or site.context_length, offset, ids
        self.limit = "length" if length else "context_length"
        self.table = Table(self.rows + offset, site.width)

    def embed(self, x_BTD: Tensor, context: Context) -> Tensor:
        slots, ids = context.past + context.tokens, context.query_ids(self.ids)
        if ids.dim() == 1 and slots > self.rows:  # where real tokens are counted, these alone may fit
            raise ValueError(f"the text takes {slots} slots; {self.limit} is {self.rows}")
        try:
            y: Tensor = x_BTD + self.table(ids + self.offset if self.offset else ids)
        except IndexError as error:
            raise ValueError(f"a text takes {int(ids.max()) + 1} positions; {self.limit} is {self.rows}") from error
        return y


@binds(LearnedPosition)
def _bind(position: LearnedPosition, context: Context) -> Step | None:
    assert context.state is not None
    too_short = context.state.capacity > position.rows  # `embed` says so where the text comes to its end
    if type(position.table) is not Table or not context.are_slots(position.ids) or too_short:
        return None
    rows = position.table.weight.narrow(0, position.offset, position.rows)
    return lambda x_B1D: x_B1D + rows.narrow(0, context.past, 1)
