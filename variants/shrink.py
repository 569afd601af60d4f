"""A tiny model of the same structure, which keeps what bites: patterns, windows, grouped heads, sharing, top-k."""

from __future__ import annotations

import copy
from typing import Any

from variants.parts import Spec
from variants.registry import SORTS, discover

D_MODEL, VOCABULARY, SOURCE_VOCABULARY, CONTEXT = 32, 37, 41, 24


def shrink(spec: Spec) -> Spec:
    """The spec with the tiny option values that each kind registers, few layers and small tables.

    An option that is absent (None, 0) stays absent; key-value heads stay fewer than, equal to or one of the heads; a
    head width that is d_model / n_heads stays so, and one that is not stays not.
    """
    discover()
    tiny = copy.deepcopy(spec)
    for stack in ("encoder", "decoder"):
        if tiny[stack]:
            _shrink_layers(tiny[stack])
    tiny = dict(_shrink_parts(tiny, spec["d_model"]))
    tiny |= {"d_model": D_MODEL, "vocab_size": VOCABULARY, "context_length": CONTEXT}
    if tiny.get("source_vocab_size"):
        tiny["source_vocab_size"] = SOURCE_VOCABULARY
    return tiny


def _shrink_layers(stack: Spec) -> None:
    """At least two layers, every block kind that the stack uses, and a shared layer where there was one."""
    layers, groups = stack["layers"], stack["groups"]
    kinds = len(set(layers))
    n = next(n for n in range(1, len(layers) + 1) if len(set(layers[:n])) == kinds)
    n = min(max(n, 2), len(layers))
    stack["n_layers"], stack["layers"] = n, layers[:n]
    shared = len(set(groups)) < len(groups)
    kept = [layer * len(set(groups)) // len(groups) for layer in range(n)] if shared and kinds == 1 else groups[:n]
    order = {group: i for i, group in enumerate(dict.fromkeys(kept))}
    stack["groups"] = [order[group] for group in kept]


def _shrink_parts(node: Any, d_model: int, sort: str | None = None) -> Any:
    """Walks the spec; a map with a `kind` is a part, whose sort is its own or that of the field it stands in."""
    if isinstance(node, list):
        return [_shrink_parts(item, d_model, sort) for item in node]
    if not isinstance(node, dict):
        return node
    walked = {key: _shrink_parts(value, d_model, _sort_of(key, sort)) for key, value in node.items()}
    return _shrink_part(walked, node.get("sort", sort), d_model) if "kind" in node else walked


def _sort_of(key: str, outer: str | None) -> str | None:
    """Fields are named after the sort they hold, except norms inside parts (`qk_norm`)."""
    if key in SORTS:
        return key
    return next((sort for sort in SORTS if key.endswith(f"_{sort}")), outer)


def _shrink_part(part: Spec, sort: str | None, d_model: int) -> Spec:
    kinds = SORTS[sort].kinds if sort in SORTS else {}
    small = kinds[part["kind"]].tiny if part["kind"] in kinds else {}
    values = {name: value for name, value in small.items() if part.get(name)}
    heads, width = part.get("n_heads"), part.get("d_head")
    if heads and "n_kv_heads" in values:
        values["n_kv_heads"] = _few(part["n_kv_heads"], heads, small)
    if heads and width and "d_head" in values and heads * width == d_model:
        values["d_head"] = D_MODEL // small["n_heads"]
    if part.get("d_ff"):
        values["d_ff"] = small.get("d_ff", 40)
    return {**part, **values}


def _few(kv_heads: int, heads: int, small: Spec) -> int:
    tiny_heads: int = small["n_heads"]
    return {heads: tiny_heads, 1: 1}.get(kv_heads, int(small["n_kv_heads"]))
