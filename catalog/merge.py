"""How a child's values go over a parent's: maps merge, lists replace, sublayers merge by branch name."""

from collections.abc import Mapping
from typing import Any

from catalog.located import LocatedList, LocatedMap, mark_of


def merge(parent: Any, child: Any) -> Any:
    """The child's value over the parent's; both stay as they are.

    A part whose `kind` changes keeps nothing of the parent's but its `sort`. `null` stays as a tombstone: whoever reads
    the map takes it for absent, or for none where an option may be none.
    """
    if isinstance(parent, str) and isinstance(child, Mapping) and "kind" not in child:
        parent = {"kind": parent}
    if not isinstance(parent, Mapping) or not isinstance(child, Mapping):
        return child
    if _changes_kind(parent, child):
        return _keep_sort(parent, child)
    merged = LocatedMap(parent)
    merged.mark = mark_of(child) or mark_of(parent)
    for key, value in child.items():
        merged.put(key, _merge_key(key, parent.get(key), value), mark_of(child, key))
    return merged


def as_sublayer(item: Any) -> LocatedMap | None:
    """A sublayer as one map of branches; a list of maps is the same thing written longer; None when it is neither."""
    parts = item if isinstance(item, list) else [item]
    if not parts or not all(isinstance(part, Mapping) for part in parts):
        return None
    sublayer = LocatedMap(mark=mark_of(item))
    for part in parts:
        for name, branch in part.items():
            sublayer.put(name, branch, mark_of(part, name))
    return sublayer


def merge_sublayers(parent: list[Any], child: list[Any]) -> LocatedList:
    """The child's sublayers over the parent's, by branch name.

    The child's order and grouping hold for the branches it names; a new branch follows the sublayer named before it;
    what the child does not name stays where it is.
    """
    rows = [as_sublayer(item) for item in parent]
    wanted = [as_sublayer(item) for item in child]
    if None in rows or None in wanted:
        return LocatedList(list(child), mark_of(child))
    layout = [row for row in rows if row is not None]
    taken: list[LocatedMap] = []
    for row in (row for row in wanted if row is not None):
        _place(layout, taken, row, [later for later in wanted if later is not None])
    merged = LocatedList([row for row in layout if row], mark_of(child))
    merged.marks = [mark for row in merged if (mark := row.mark)]
    return merged


def _place(layout: list[LocatedMap], taken: list[LocatedMap], row: LocatedMap, wanted: list[LocatedMap]) -> None:
    homes = [home for home in layout if any(name in home for name in row)]
    target = next((home for home in homes if not any(home is other for other in taken)), None)
    place = _slot(layout, taken, row, wanted) if target is None else _index(layout, target)
    merged = LocatedMap(target)
    merged.mark = row.mark or merged.mark
    for name, branch in row.items():
        old = next((home[name] for home in homes if name in home), None)
        merged.put(name, merge(old, branch), mark_of(row, name))
    for home in homes:
        for name in row:
            home.pop(name, None)
    if target is not None:
        layout.pop(place)
    after = _index(layout, taken[-1]) + 1 if taken else 0
    layout.insert(max(place, after), merged)
    taken.append(merged)


def _slot(layout: list[LocatedMap], taken: list[LocatedMap], row: LocatedMap, wanted: list[LocatedMap]) -> int:
    if taken:
        return _index(layout, taken[-1]) + 1
    later = [name for other in wanted if other is not row for name in other]
    return next((i for i, home in enumerate(layout) if any(name in home for name in later)), len(layout))


def _index(layout: list[LocatedMap], row: LocatedMap) -> int:
    return next(i for i, other in enumerate(layout) if other is row)


def _merge_key(key: str, old: Any, new: Any) -> Any:
    if key == "sublayers" and isinstance(old, list) and isinstance(new, list):
        return merge_sublayers(old, new)
    return merge(old, new)


def _changes_kind(parent: Mapping[str, Any], child: Mapping[str, Any]) -> bool:
    return "kind" in child and "kind" in parent and child["kind"] != parent["kind"]


def _keep_sort(parent: Mapping[str, Any], child: Mapping[str, Any]) -> Mapping[str, Any]:
    if "sort" not in parent or "sort" in child:
        return child
    kept = LocatedMap(child)
    kept.put("sort", parent["sort"], mark_of(parent, "sort"))
    return kept
