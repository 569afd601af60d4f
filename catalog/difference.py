"""What a child must say to become another model: the inverse of `merge`."""

from collections.abc import Mapping
from typing import Any

from catalog.merge import as_sublayer
from catalog.reference import as_plain


def difference(parent: Any, wanted: Any) -> dict[str, Any]:
    """The least map that makes `wanted` when it is merged over `parent`; null where `wanted` has no such key."""
    old = {"kind": parent} if isinstance(parent, str) else parent
    if not isinstance(old, Mapping) or wanted.get("kind") != old.get("kind"):
        return as_plain(wanted)  # type: ignore[no-any-return]
    changed = {name: _change(name, old.get(name), value) for name, value in wanted.items() if value != old.get(name)}
    gone = {name: None for name in old if name not in wanted and old[name] is not None}
    return {**changed, **gone}


def _change(name: str, old: Any, new: Any) -> Any:
    if name == "sublayers" and isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return _rows(old, new)
    return difference(old, new) if isinstance(new, Mapping) else as_plain(new)


def _rows(old: list[Any], new: list[Any]) -> list[Any]:
    """The branches that differ, in the rows that they stand in, so that none changes its place."""
    rows = []
    for before, after in zip(map(as_sublayer, old), map(as_sublayer, new), strict=True):
        assert before is not None
        assert after is not None
        rows.append({name: _change(name, before[name], after[name]) for name in after if after[name] != before[name]})
    return [row for row in rows if row]
