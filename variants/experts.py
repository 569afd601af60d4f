"""Stacked feed-forward experts, and three exact ways to run each token through the few that it is sent to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from variants.context import Context
from variants.projections import Slice, WritesStream


class StackedLinear(nn.Module):
    """One projection for each of E experts, (E, out, in); each expert's matrix and bias have a role of their own."""

    def __init__(self, n_experts: int, d_in: int, d_out: int, bias: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_experts, d_out, d_in))
        self.bias = nn.Parameter(torch.zeros(n_experts, d_out)) if bias else None

    def named_slices(self) -> Iterator[Slice]:
        """Yields (`number.weight` or `number.bias`, view) for each expert."""
        for i, view in enumerate(self.weight):
            yield f"{i}.weight", view
        for i, view in enumerate(() if self.bias is None else self.bias):
            yield f"{i}.bias", view

    def dense(self, x: Tensor) -> Tensor:
        """(E, N, out) of (N, in), or of (E, N, in)."""
        y = x @ self.weight.mT
        return y if self.bias is None else y + self.bias[:, None]

    def single(self, x: Tensor, expert: int) -> Tensor:
        """One expert's projection."""
        return F.linear(x, self.weight[expert], None if self.bias is None else self.bias[expert])

    def grouped(self, x: Tensor, ends: Tensor, expert: Tensor, kind: torch.dtype) -> Tensor:
        """The projections of rows that are sorted by expert; `ends` is where each expert's rows end."""
        y = F.grouped_mm(x.to(kind), self.weight.to(kind).mT, offs=ends)
        return y if self.bias is None else y + self.bias[expert].to(kind)


class StackedOutput(WritesStream, StackedLinear):
    """The projections that experts write to the stream with."""


@dataclass(frozen=True)
class ExpertForm:
    """What experts have in common.

    `clamp` c limits gates to at most c and ups to -c .. c, and adds one to ups; `weighs_input` puts an expert's weight
    on what it reads instead of what it writes.
    """

    activation: Callable[[Tensor], Tensor]
    gated: bool = True
    bias: bool = False
    clamp: float | None = None
    weighs_input: bool = False
    dropout: float = 0.0


class Experts(nn.Module):
    """down_e(activation(up_e(x))), or down_e(activation(gate_e(x)) * up_e(x)) where they are gated."""

    def __init__(self, n_experts: int, width: int, d_ff: int, form: ExpertForm) -> None:
        super().__init__()
        self.gate = StackedLinear(n_experts, width, d_ff, form.bias) if form.gated else None
        self.up = StackedLinear(n_experts, width, d_ff, form.bias)
        self.down = StackedOutput(n_experts, d_ff, width, form.bias)
        self.n_experts, self.form = n_experts, form

    @property
    def numbers(self) -> int:
        """How many numbers the matrices of one expert hold."""
        stacks = (self.gate, self.up, self.down)
        return sum(stack.weight[0].numel() for stack in stacks if stack is not None)

    def forward(self, x_ND: Tensor, weights_NA: Tensor, chosen_NA: Tensor, context: Context) -> Tensor:
        """The weighted sum of each token's chosen experts; N tokens, A active experts."""
        form = self._form(x_ND, chosen_NA)
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
        if self.form.weighs_input:
            x_ND = x_ND * weights_NE.T[..., None]
            weights_NE = x_ND.new_zeros(weights_NE.shape).scatter(1, chosen_NA, 1.0)
        gate_ENF = None if self.gate is None else self.gate.dense(x_ND)
        y_END = self.down.dense(self._hidden(self.up.dense(x_ND), gate_ENF))
        return torch.einsum("end,ne->nd", y_END, weights_NE)

    def looped(self, x_ND: Tensor, weights_NA: Tensor, chosen_NA: Tensor) -> Tensor:
        """Tokens sorted by expert, one matrix product per expert that has any."""
        token, _, weight, counts = _sort(weights_NA, chosen_NA, self.n_experts)
        rows, weight = self._rows(x_ND, token, weight)
        outputs = []
        for expert, x in enumerate(torch.split(rows, counts.tolist())):
            if len(x):
                h = self._hidden(self.up.single(x, expert), None if self.gate is None else self.gate.single(x, expert))
                outputs.append(self.down.single(h, expert))
        return _gather(torch.cat(outputs), token, weight, x_ND)

    def grouped(self, x_ND: Tensor, weights_NA: Tensor, chosen_NA: Tensor) -> Tensor:
        """Tokens sorted by expert, one grouped matrix product for all; bfloat16 on CUDA, no synchronisation."""
        token, expert, weight, counts = _sort(weights_NA, chosen_NA, self.n_experts)
        rows, weight = self._rows(x_ND, token, weight)
        place = (counts.cumsum(0).to(torch.int32), expert, _compute_type(x_ND))
        gate = None if self.gate is None else self.gate.grouped(rows, *place)
        h = self._hidden(self.up.grouped(rows, *place), gate)
        return _gather(self.down.grouped(h, *place), token, weight, x_ND)

    def _rows(self, x_ND: Tensor, token: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """What experts read, and what their outputs are multiplied by."""
        rows = x_ND[token]
        return (rows * weight[:, None], torch.ones_like(weight)) if self.form.weighs_input else (rows, weight)

    def _hidden(self, up: Tensor, gate: Tensor | None) -> Tensor:
        form = self.form
        if form.clamp is not None:
            gate = None if gate is None else gate.clamp(max=form.clamp)
            up = up.clamp(-form.clamp, form.clamp) + 1
        h = form.activation(up) if gate is None else form.activation(gate) * up
        return F.dropout(h, form.dropout, self.training) if form.dropout else h


def _compute_type(x: Tensor) -> torch.dtype:
    """The type in which matrix products of x run."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


def _sort(weights_NA: Tensor, chosen_NA: Tensor, n_experts: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(Token, expert) pairs in the order of experts: tokens, experts, weights, and how many pairs each expert has."""
    expert, order = chosen_NA.flatten().sort(stable=True)
    counts = torch.zeros(n_experts, dtype=torch.int64, device=expert.device)
    counts = counts.scatter_add(0, expert, torch.ones_like(expert))
    return order // chosen_NA.shape[1], expert, weights_NA.flatten()[order], counts


def _gather(y_MD: Tensor, token_M: Tensor, weight_M: Tensor, x_ND: Tensor) -> Tensor:
    """Adds the weighted outputs of the pairs to their tokens."""
    weighted_MD = y_MD * weight_M[:, None]
    return torch.zeros_like(x_ND, dtype=weighted_MD.dtype).index_add(0, token_M, weighted_MD)
