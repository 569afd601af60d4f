"""A published entry at the width of a comparison: which dimensions to set, so that its proportions stay."""

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
    return settings


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
