"""The layers of a stack: prefix, tiled pattern and suffix made into one block name and one group of weights each."""

from collections.abc import Mapping
from typing import Any

from catalog.errors import Faults, did_you_mean
from catalog.located import Mark, mark_of

DEFAULT = "default"
MAX_LAYERS = 10_000  # more would fill memory before anybody is told


def lay_out(name: str, stack: Mapping[str, Any], known: list[str], n_layers: Any, faults: Faults) -> list[str]:
    """The block of every layer; empty when the blocks cannot be laid out, which is noted."""
    parts = {field: _names(name, stack, field, known, faults) for field in ("prefix", "pattern", "suffix")}
    if not isinstance(n_layers, int) or isinstance(n_layers, bool) or not 1 <= n_layers <= MAX_LAYERS:
        return []
    ends = len(parts["prefix"]) + len(parts["suffix"])
    pattern = parts["pattern"] or ([DEFAULT] if DEFAULT in known else [])
    middle = n_layers - ends
    where = mark_of(stack, "pattern" if parts["pattern"] else "prefix" if parts["prefix"] else "suffix")
    if middle < 0:
        faults.add(where, f"{name}.prefix", f"prefix and suffix name {ends} layers, more than n_layers = {n_layers}")
        return []
    if middle and not pattern:
        faults.add(
            mark_of(stack, "blocks"),
            f"{name}.pattern",
            "must say how the blocks follow each other",
            allowed=", ".join(known),
        )
        return []
    if middle % len(pattern or [""]):
        rest = f"n_layers = {n_layers} less {ends} in prefix and suffix" if ends else f"n_layers = {n_layers}"
        allowed = "name the layers left over in prefix or suffix"
        faults.add(
            where, f"{name}.pattern", f"a pattern of {len(pattern)} blocks does not tile {rest}", allowed=allowed
        )
        return []
    return [*parts["prefix"], *(pattern * (middle // len(pattern)) if pattern else []), *parts["suffix"]]


def share_groups(name: str, stack: Mapping[str, Any], layers: list[str], faults: Faults) -> list[int]:
    """The group of weights of every layer: its own, unless `share` says otherwise."""
    share = stack.get("share")
    own = list(range(len(layers)))
    if share is None or not layers:
        return own
    where, n_layers = mark_of(stack, "share"), len(layers)
    groups = share.get("groups") if isinstance(share, Mapping) and list(share) == ["groups"] else None
    allowed = f"{{groups: N}} with N from 1 to {n_layers}, or {{groups: [one number for each of {n_layers} layers]}}"
    if isinstance(groups, int) and not isinstance(groups, bool) and 1 <= groups <= n_layers:
        numbers = [layer * groups // n_layers for layer in own]
    elif (
        isinstance(groups, list)
        and len(groups) == n_layers
        and all(type(group) is int and group >= 0 for group in groups)
    ):
        order = {group: i for i, group in enumerate(dict.fromkeys(groups))}
        numbers = [order[group] for group in groups]
    else:
        faults.add(
            where, f"{name}.share", "must say how many groups of layers share weights", value=share, allowed=allowed
        )
        return own
    _check_groups(name, layers, numbers, where, faults)
    return numbers


def _names(name: str, stack: Mapping[str, Any], field: str, known: list[str], faults: Faults) -> list[str]:
    names = stack.get(field)
    if names is None:
        return []
    if not isinstance(names, list):
        faults.add(
            mark_of(stack, field),
            f"{name}.{field}",
            "must be a list of block names",
            value=names,
            allowed=", ".join(known),
        )
        return []
    for i, block in enumerate(names):
        if block not in known:
            faults.add(
                mark_of(names, i) or mark_of(stack, field),
                f"{name}.{field}",
                "unknown block",
                value=block,
                allowed=", ".join(known),
                suggestion=did_you_mean(block, known),
            )
    return [str(block) for block in names]


def _check_groups(name: str, layers: list[str], groups: list[int], where: Mark | None, faults: Faults) -> None:
    first: dict[int, str] = {}
    for block, group in zip(layers, groups, strict=True):
        if first.setdefault(group, block) != block:
            message = f"layers of one group must be of one block, but group {group} holds {first[group]} and {block}"
            faults.add(where, f"{name}.share", message)
            return
