"""Stacked feed-forward experts, and three exact ways to run each token through the few that it is sent to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from variants.context import Context
from variants.parts import Slice, WritesStream


class StackedLinear(nn.Module):
    """One projection without bias for each of E experts, (E, out, in); each expert's matrix has a role of its own."""

    def __init__(self, n_experts: int, d_in: int, d_out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_experts, d_out, d_in))

    def named_slices(self) -> Iterator[Slice]:
        """Yields (`number.weight`, view) for each expert."""
        for i, view in enumerate(self.weight):
            yield f"{i}.weight", view


class StackedOutput(WritesStream, StackedLinear):
    """The projections that experts write to the stream with."""


class Experts(nn.Module):
    """down_e(activation(up_e(x))), or down_e(activation(gate_e(x)) * up_e(x)) where they are gated."""

    def __init__(
        self, n_experts: int, width: int, d_ff: int, activation: Callable[[Tensor], Tensor], gated: bool, dropout: float
    ) -> None:
        super().__init__()
        self.gate = StackedLinear(n_experts, width, d_ff) if gated else None
        self.up = StackedLinear(n_experts, width, d_ff)
        self.down = StackedOutput(n_experts, d_ff, width)
        self.n_experts, self.activation, self.dropout = n_experts, activation, dropout

    def forward(self, x_ND: Tensor, weights_NA: Tensor, chosen_NA: Tensor, context: Context) -> Tensor:
        """The weighted sum of each token's chosen experts; N tokens, A active experts."""
        form = self._form(x_ND, chosen_NA)
        if not torch.compiler.is_compiling():
            context.kernels.add(f"experts:{form.__name__}")
        return form(x_ND, weights_NA, chosen_NA)

    def _form(self, x_ND: Tensor, chosen_NA: Tensor) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        # the grouped kernel wants rows that are multiples of 16 bytes
        aligned = self.up.weight.shape[1] % 8 == 0 and self.up.weight.shape[2] % 8 == 0
        if x_ND.is_cuda and aligned and _compute_type(x_ND) == torch.bfloat16:
            return self.grouped
        # a loop over experts needs the counts as numbers, which neither one graph nor the meta device gives
        static = torch.compiler.is_compiling() or x_ND.is_meta or chosen_NA.shape[1] == self.n_experts
        return self.dense if static else self.looped

    def dense(self, x_ND: Tensor, weights_NA: Tensor, chosen_NA: Tensor) -> Tensor:
        """The plain form: every expert on every token, weighted by zero where it was not chosen."""
        weights_NE = x_ND.new_zeros(len(x_ND), self.n_experts).scatter(1, chosen_NA, weights_NA)
        up, down = self.up.weight.mT, self.down.weight.mT
        gate_ENF = None if self.gate is None else x_ND @ self.gate.weight.mT
        y_END = self._hidden(x_ND @ up, gate_ENF) @ down
        return torch.einsum("end,ne->nd", y_END, weights_NE)

    def looped(self, x_ND: Tensor, weights_NA: Tensor, chosen_NA: Tensor) -> Tensor:
        """Tokens sorted by expert, one matrix product per expert that has any."""
        token, weight, counts = _sort(weights_NA, chosen_NA, self.n_experts)
        pieces = torch.split(x_ND[token], counts.tolist())
        gates = [None] * self.n_experts if self.gate is None else self.gate.weight.unbind()
        outputs = []
        for x, gate, up, down in zip(pieces, gates, self.up.weight.unbind(), self.down.weight.unbind(), strict=True):
            if len(x):
                h = self._hidden(F.linear(x, up), None if gate is None else F.linear(x, gate))
                outputs.append(F.linear(h, down))
        return _gather(torch.cat(outputs), token, weight, x_ND)

    def grouped(self, x_ND: Tensor, weights_NA: Tensor, chosen_NA: Tensor) -> Tensor:
        """Tokens sorted by expert, one grouped matrix product for all; bfloat16 on CUDA, no synchronisation."""
        token, weight, counts = _sort(weights_NA, chosen_NA, self.n_experts)
        ends = counts.cumsum(0).to(torch.int32)
        kind = _compute_type(x_ND)

        def product(x: Tensor, stacked: StackedLinear) -> Tensor:
            return F.grouped_mm(x.to(kind), stacked.weight.to(kind).mT, offs=ends)

        x = x_ND[token]
        h = self._hidden(product(x, self.up), None if self.gate is None else product(x, self.gate))
        return _gather(product(h, self.down), token, weight, x_ND)

    def _hidden(self, up: Tensor, gate: Tensor | None) -> Tensor:
        h = self.activation(up) if gate is None else self.activation(gate) * up
        return F.dropout(h, self.dropout, self.training) if self.dropout else h


def _compute_type(x: Tensor) -> torch.dtype:
    """The type in which matrix products of x run."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


def _sort(weights_NA: Tensor, chosen_NA: Tensor, n_experts: int) -> tuple[Tensor, Tensor, Tensor]:
    """(Token, expert) pairs in the order of experts: token numbers, weights, and how many pairs each expert has."""
    expert, order = chosen_NA.flatten().sort(stable=True)
    counts = torch.zeros(n_experts, dtype=torch.int64, device=expert.device)
    counts = counts.scatter_add(0, expert, torch.ones_like(expert))
    return order // chosen_NA.shape[1], weights_NA.flatten()[order], counts


def _gather(y_MD: Tensor, token_M: Tensor, weight_M: Tensor, x_ND: Tensor) -> Tensor:
    """Adds the weighted outputs of the pairs to their tokens."""
    weighted_MD = y_MD * weight_M[:, None]
    return torch.zeros_like(x_ND, dtype=weighted_MD.dtype).index_add(0, token_M, weighted_MD)
