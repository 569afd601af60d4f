"""Solves the integer widths of a spec for a budget: the hidden width first, then the model's own."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator

from variants.count import count_parameters
from variants.flops import training_flops
from variants.parts import Spec

TOLERANCE = 0.01
REACH = 8  # widths are searched from 1/8 to 8 times those of the spec


def _non_embedding(spec: Spec) -> int:
    return int(count_parameters(spec)["non_embedding"])


def _sequence_flops(spec: Spec) -> int:
    length = spec["context_length"]
    return training_flops(spec, length, length if spec["encoder"] and spec["decoder"] else 0)


VIEWS: dict[str, Callable[[Spec], int]] = {"non_embedding_params": _non_embedding, "flops": _sequence_flops}


def resize(
    spec: Spec, budget: int, view: str = "non_embedding_params", measure: Callable[[Spec], int] | None = None
) -> Spec:
    """The spec with widths that meet `budget` within 1 %; depth stays.

    `view` is `non_embedding_params` (parameters) or `flops` (training FLOPs of one sequence of the context length), or
    names what a `measure` of the caller's counts, which must grow with width.

    Raises:
        ValueError: the view is unknown, or no width within 1/8 to 8 times the spec's meets the budget.
    """
    measure = measure or VIEWS.get(view)
    if measure is None:
        raise ValueError(f"budget view {view!r} is unknown; allowed: {', '.join(VIEWS)}")
    nearest = (spec, measure(spec))
    # the hidden width alone; else the model's width; else the hidden width again, at the model's width nearest to it
    for solve in (_with_hidden, _with_model, _with_hidden):
        found = _search(nearest[0] if solve is _with_hidden else spec, solve, budget, measure)
        if found is not None:
            nearest = min(nearest, found, key=lambda pair: abs(pair[1] - budget))
        if abs(nearest[1] - budget) <= TOLERANCE * budget:
            return nearest[0]
    raise ValueError(
        f"no width meets the budget of {budget:,} {view} within 1 %; the nearest is {nearest[1]:,} "
        f"(d_model={nearest[0]['d_model']}, d_ff={sorted(set(_hidden_widths(nearest[0]))) or 'none'})"
    )


Solve = Callable[[Spec, int], Spec | None]


def _search(spec: Spec, solve: Solve, budget: int, measure: Callable[[Spec], int]) -> tuple[Spec, int] | None:
    """Bisects the width that `solve` sets, in thousandths of the spec's own; counts grow with width."""
    low, high = 1000 // REACH, 1000 * REACH
    best: tuple[Spec, int] | None = None
    while low <= high:
        middle = (low + high) // 2
        candidate = solve(spec, middle)
        if candidate is None:
            return best
        size = measure(candidate)
        if best is None or abs(size - budget) < abs(best[1] - budget):
            best = (candidate, size)
        low, high = (middle + 1, high) if size < budget else (low, middle - 1)
    return best


def _with_hidden(spec: Spec, thousandths: int) -> Spec | None:
    if not list(_hidden_widths(spec)):
        return None
    sized = copy.deepcopy(spec)
    for branch in _branches(sized):
        if branch.get("d_ff"):
            branch["d_ff"] = _divided(branch["d_ff"] * thousandths / 1000, branch)
    return sized


def _with_model(spec: Spec, thousandths: int) -> Spec | None:
    """d_model in steps that heads and groups divide; hidden widths keep their ratio to it."""
    step = math.lcm(*(_step(branch) for branch in _branches(spec)))
    sized = copy.deepcopy(spec)
    sized["d_model"] = max(step, round(spec["d_model"] * thousandths / 1000 / step) * step)
    for branch in _branches(sized):
        if branch.get("d_ff"):
            branch["d_ff"] = _divided(branch["d_ff"] * sized["d_model"] / spec["d_model"], branch)
    return sized


def _step(branch: Spec) -> int:
    """Heads of width d_model / n_heads must be whole and, for rotary positions, even; groups must divide d_model."""
    heads = 2 * branch["n_heads"] if branch.get("n_heads") and branch.get("d_head") is None else 1
    return math.lcm(heads, branch.get("groups") or 1)


def _divided(width: float, branch: Spec) -> int:
    """The hidden width nearest to this one that the branch's groups divide."""
    groups: int = branch.get("groups") or 1
    return max(1, round(width / groups)) * groups


def _hidden_widths(spec: Spec) -> Iterator[int]:
    return (branch["d_ff"] for branch in _branches(spec) if branch.get("d_ff"))


def _branches(spec: Spec) -> Iterator[Spec]:
    for stack in (spec["encoder"], spec["decoder"]):
        for block in (stack or {"blocks": {}})["blocks"].values():
            for sublayer in block["sublayers"]:
                yield from sublayer.values()
