"""The changes that lead from one resolved spec to another, each as overrides of a part; for models of one shape."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

Spec = Mapping[str, Any]
Overrides = dict[str, Any]
STACK_PARTS = ("position", "norm", "residual", "visibility")
MODEL_PARTS = ("embedding", "head", "init")
SOLVED = "d_ff"  # the width that meets a budget is no change of the model


def changes(old: Spec, new: Spec, dimensions: Collection[str] = ()) -> dict[str, Overrides]:
    """The overrides of each part that differs, by the part's name; the width of feed-forwards is left to the budget.

    `dimensions` are those that `old` sets for the whole model; an option of such a name is set there.

    Raises:
        ValueError: the two differ in their stacks or in the order of their sublayers, so that no part stands for
            another.
    """
    found: dict[str, Overrides] = {}
    for stack in _shared_stacks(old, new):
        _check_shape(stack, old[stack], new[stack])
        for name, path, before, after in _stack_parts(stack, old[stack], new[stack]):
            if before != after:
                found.setdefault(name, {})[path] = _overriding(before, after)
    for name in MODEL_PARTS:
        if old[name] != new[name]:
            found[name] = {name: _overriding(old[name], new[name])}
    placed = {name: _placed(overrides, dimensions) for name, overrides in found.items()}
    return {name: overrides for name, overrides in placed.items() if overrides}


def _placed(overrides: Overrides, dimensions: Collection[str]) -> Overrides:
    """Options that follow a dimension moved to it; a part that is left with nothing is left out."""
    found: Overrides = {}
    for path, value in overrides.items():
        if not isinstance(value, Mapping):
            found[path] = value
            continue
        own = {name: each for name, each in value.items() if name not in dimensions and name != SOLVED}
        found |= {path: own} if own else {}
        found |= {name: each for name, each in value.items() if name in dimensions and name != SOLVED}
    return found


def _shared_stacks(old: Spec, new: Spec) -> list[str]:
    stacks = [[stack for stack in ("encoder", "decoder") if spec.get(stack)] for spec in (old, new)]
    if stacks[0] != stacks[1]:
        raise ValueError(f"one has {' and '.join(stacks[0])}, the other {' and '.join(stacks[1])}")
    return stacks[0]


def _check_shape(name: str, old: Spec, new: Spec) -> None:
    for stack in (old, new):
        if len(stack["blocks"]) > 1 or len(set(stack["groups"])) < len(stack["groups"]):
            raise ValueError(f"a {name} has several kinds of block, or layers that share weights")
    rows = [[list(row) for row in _sublayers(stack)] for stack in (old, new)]
    if rows[0] != rows[1]:
        told = [", ".join(" + ".join(row) for row in each) for each in rows]
        raise ValueError(f"the sublayers of the {name} differ: {told[0]}; {told[1]}")


def _stack_parts(stack: str, old: Spec, new: Spec) -> Iterator[tuple[str, str, Any, Any]]:
    """(name, path, before, after) of each part of a stack; both stacks of a model change together."""
    for name in STACK_PARTS:
        yield name, f"{stack}.{name}", old[name], new[name]
    for before, after in zip(_sublayers(old), _sublayers(new), strict=True):
        for branch in after:
            yield branch, f"{stack}.{branch}", before[branch], after[branch]


def _sublayers(stack: Spec) -> list[dict[str, Any]]:
    (block,) = stack["blocks"].values()
    return list(block["sublayers"])


def _overriding(old: Any, new: Any) -> Any:
    """What is set over `old` to make `new`: a whole part of another kind, and else the options that differ."""
    if isinstance(new, Mapping) and isinstance(old, Mapping) and old.get("kind") == new.get("kind"):
        return {name: value for name, value in new.items() if value != old.get(name)}
    if isinstance(new, Mapping):
        return {name: value for name, value in new.items() if value is not None and name != "sort"}
    return new
