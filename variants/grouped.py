"""Linear maps in groups: each share of the output reads its own share of the input, as in a grouped convolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from variants.projections import SlicedLinear, WritesStream


def grouped_linear(x: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> Tensor:
    """y_g = W_g x_g + b_g; `weight` is (out, in / groups), its rows group after group."""
    parts, matrices = x.reshape(*x.shape[:-1], groups, -1), weight.view(groups, -1, weight.shape[1])
    y = torch.einsum("...gi,goi->...go", parts, matrices).flatten(-2)
    return y if bias is None else y + bias


class GroupedLinear(nn.Module):
    """A linear projection in groups, with 1 / groups of the numbers.

    Raises:
        ValueError: the groups do not divide a width.
    """

    def __init__(self, d_in: int, d_out: int, groups: int, bias: bool) -> None:
        super().__init__()
        check_groups(groups, d_in, d_out)
        self.weight = nn.Parameter(torch.empty(d_out, d_in // groups))
        self.bias = nn.Parameter(torch.zeros(d_out)) if bias else None
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        return grouped_linear(x, self.weight, self.bias, self.groups)


class GroupedOutput(WritesStream, GroupedLinear):
    """A projection in groups that writes to the stream."""


def whole_product(x: Tensor, layer: nn.Linear | GroupedLinear) -> Tensor:
    """W x + b with the whole matrix, which is zero between one share and another."""
    matrix = layer.weight
    if isinstance(layer, GroupedLinear):
        matrix = torch.block_diag(*matrix.chunk(layer.groups))  # type: ignore[no-untyped-call]
    y = x @ matrix.T
    return y if layer.bias is None else y + layer.bias


class GroupedSlices(SlicedLinear):
    """Several projections of one input, each in groups.

    Raises:
        ValueError: the groups do not divide a width.
    """

    def __init__(self, d_in: int, slices: dict[str, int], biased: frozenset[str], groups: int) -> None:
        check_groups(groups, d_in, *slices.values())
        super().__init__(d_in // groups, slices, biased)
        self.groups = groups

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        bias, weights = self.full_bias(), self.weight.split_with_sizes(self.widths)
        biases = [None] * len(weights) if bias is None else bias.split_with_sizes(self.widths)
        return tuple(grouped_linear(x, w, b, self.groups) for w, b in zip(weights, biases, strict=True))


def check_groups(groups: int, *widths: int) -> None:
    """Raises a ValueError where a width is not cut in equal shares."""
    for width in widths:
        if width % groups:
            raise ValueError(f"groups={groups} does not divide the width {width}")
