"""What differs between two plans of one sweep, in words."""

from __future__ import annotations

from typing import Any

from harness.ledger.canonical import Json, digest


def changes(before: Json, after: Json) -> list[str]:
    """What differs between two plans, as `path: old -> new`; tables and variants are named, specs said in a word."""
    old, new = _flat(before), _flat(after)
    paths = sorted(path for path in {*old, *new} if old.get(path) != new.get(path) and path != "plan_hash")
    return [f"{path}: {_short(old, path)} -> {_short(new, path)}" for path in paths]


def _short(values: dict[str, Any], path: str) -> str:
    text = str(values[path]) if path in values else "absent"
    return text if len(text) <= 60 else text[:57] + "..."


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if path.endswith(".spec") and isinstance(value, dict):
        return {path: digest(value)[:8]}
    if path == "tables":
        value = {table["id"]: {**table, "id": None} for table in value}
    if not isinstance(value, dict):
        return {path: value}
    flat: dict[str, Any] = {}
    for key, item in value.items():
        flat |= _flat(item, f"{path}.{key}" if path else str(key))
    return flat
