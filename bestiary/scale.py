"""A published entry at the width of a comparison: which dimensions to set, so that its proportions stay."""

import math
from collections.abc import Mapping
from typing import Any

HEADS = 4
STEP = 8  # widths are multiples of this
WINDOW = 16  # tokens: less than any task's context, so that a window stays one
STACKS = ("encoder", "decoder")


def scaled_settings(model: Mapping[str, Any], width: int, n_layers: int) -> dict[str, Any]:
    """The dotted settings that bring an entry's model to `width` and `n_layers`; grouped heads stay grouped."""
    shared = numbers(model)
    settings = scaled(shared, shared, width, n_layers, "")
    for stack in STACKS:
        if isinstance(model.get(stack), Mapping):
            settings |= scaled(numbers(model[stack]), shared, width, n_layers, f"{stack}.")
            # a depth stands where the entry wrote it: in the stack, or at the top for all stacks
            settings |= depth(model[stack], n_layers, f"{stack}." if "n_layers" in model[stack] else "")
            settings |= rotated(model[stack], {**shared, **numbers(model[stack])}, width, f"{stack}.")
    return settings


def depth(stack: Mapping[str, Any], n_layers: int, path: str) -> dict[str, Any]:
    """The least depth, of at least `n_layers`, that the stack's pattern tiles; nothing where there is no pattern."""
    lengths = {name: len(stack.get(name) or ()) for name in ("prefix", "pattern", "suffix")}
    if not any(lengths.values()):
        return {}
    ends, period = lengths["prefix"] + lengths["suffix"], lengths["pattern"] or 1
    return {f"{path}n_layers": ends + period * max(1, math.ceil((n_layers - ends) / period))}


def rotated(stack: Mapping[str, Any], dims: Mapping[str, float], width: int, path: str) -> dict[str, Any]:
    """The rotated numbers of a head, at the share of the head that the entry rotates; they stay even."""
    position = stack.get("position")
    if not isinstance(position, Mapping) or type(position.get("dim")) is not int:
        return {}
    head = dims.get("d_head") or dims["d_model"] / dims["n_heads"]
    return {f"{path}position.dim": max(2, round(width / HEADS * position["dim"] / head / 2) * 2)}


def all_numbers(model: Mapping[str, Any]) -> dict[str, float]:
    """The dimensions of a model, those of its stacks included."""
    holders = [model, *(model[stack] for stack in STACKS if isinstance(model.get(stack), Mapping))]
    return {name: value for holder in holders for name, value in numbers(holder).items()}


def numbers(holder: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in holder.items() if type(value) in (int, float)}


def scaled(
    own: Mapping[str, float], shared: Mapping[str, float], width: int, n_layers: int, path: str
) -> dict[str, Any]:
    """The settings for the dimensions `own`, which stand under `path`; `shared` are those of the whole model."""
    heads = own.get("n_heads") or shared.get("n_heads") or HEADS
    fixed = {"d_model": width, "n_layers": n_layers, "n_heads": HEADS, "d_head": width // HEADS, "dropout": 0.0}
    settings: dict[str, Any] = {}
    for name, value in own.items():
        if name in fixed:
            settings[path + name] = fixed[name]
        elif name == "n_kv_heads":
            settings[path + name] = max(1, round(HEADS * value / heads))
        elif name == "window":
            settings[path + name] = min(int(value), WINDOW)
        elif name.startswith("d_"):
            settings[path + name] = max(STEP, round(width * value / shared["d_model"] / STEP) * STEP)
    return settings
