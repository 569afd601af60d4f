"""Whether two resolved specs say the same about logits: first values, dropout and blocks' names have no say."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from variants.parts import Spec

SILENT = ("init", "blocks", "layers")


def same_function(ours: Spec, theirs: Spec, unsaid: Set[str] = frozenset()) -> str:
    """Empty where they agree; else the first path that differs, with both values. Fields in `unsaid` have no say."""
    ours, theirs = ({name: value for name, value in spec.items() if name not in unsaid} for spec in (ours, theirs))
    return _difference(_plain(ours, ours["d_model"]), _plain(theirs, theirs["d_model"]), "")


def _plain(node: Any, d_model: int) -> Any:
    """Layers one by one, options that repeat a default as null, dropout left out."""
    if isinstance(node, list):
        return [_plain(item, d_model) for item in node]
    if not isinstance(node, Mapping):
        return node
    plain = {k: _plain(v, d_model) for k, v in node.items() if k not in SILENT and "dropout" not in k}
    if "layers" in node:
        plain["layer"] = [_plain(node["blocks"][name], d_model) for name in node["layers"]]
    if plain.get("n_kv_heads") == plain.get("n_heads"):
        plain.pop("n_kv_heads", None)
    if plain.get("d_head") and plain.get("n_heads") and plain["d_head"] * plain["n_heads"] == d_model:
        plain["d_head"] = None
    return {name: value for name, value in plain.items() if value is not None}


def _difference(ours: Any, theirs: Any, path: str) -> str:
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for name in {**ours, **theirs}:
            found = _difference(ours.get(name), theirs.get(name), f"{path}.{name}" if path else str(name))
            if found:
                return found
        return ""
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return next((found for i, pair in pairs if (found := _difference(*pair, f"{path}.{i}"))), "")
    return "" if ours == theirs else f"{path} is {ours!r} here, and the library's config can only say {theirs!r}"
