"""The modules that hold a part's numbers: tables, and projections whose role decides first values and counts."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

Slice = tuple[str, Tensor]


class Table(nn.Embedding):
    """A lookup table of tokens, positions or segments; not counted among the non-embedding parameters."""

    def reset_parameters(self) -> None:
        """Nothing: the model's own rule gives every matrix its first value."""


class VocabularyLinear(nn.Linear):
    """The untied projection to the vocabulary; counted with the tables."""


class WritesStream:
    """Marks the projections that a branch writes to the stream with; some rules scale them by depth."""


class OutputLinear(WritesStream, nn.Linear):
    """A linear projection that writes to the stream."""


class SlicedLinear(nn.Module):
    """Several projections of one input in one matrix product; each keeps its name and role.

    `biased` names the slices that have a bias.
    """

    def __init__(self, d_in: int, slices: dict[str, int], biased: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.sizes, self.widths = dict(slices), list(slices.values())
        self.biased = frozenset(biased) & set(slices)
        self.weight = nn.Parameter(torch.empty(sum(slices.values()), d_in))
        n_biased = sum(n for name, n in slices.items() if name in self.biased)
        self.bias = nn.Parameter(torch.zeros(n_biased)) if n_biased else None
        self.bias_has_gaps = 0 < n_biased < sum(slices.values())

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        y = nn.functional.linear(x, self.weight, self.full_bias() if self.bias_has_gaps else self.bias)
        return y.split_with_sizes(self.widths, -1)

    def full_bias(self) -> Tensor | None:
        if self.bias is None or self.bias.numel() == self.weight.shape[0]:
            return self.bias
        views = dict(self._bias_views())
        return torch.cat([views.get(name, self.bias.new_zeros(n)) for name, n in self.sizes.items()])

    def named_slices(self) -> Iterator[Slice]:
        """Yields (`name.weight` or `name.bias`, view) for each projection."""
        for name, view in zip(self.sizes, torch.split(self.weight, list(self.sizes.values())), strict=True):
            yield f"{name}.weight", view
        for name, view in self._bias_views():
            yield f"{name}.bias", view

    def _bias_views(self) -> Iterator[Slice]:
        start = 0
        for name, n in self.sizes.items():
            if name in self.biased and self.bias is not None:
                yield name, self.bias[start : start + n]
                start += n
