"""Descent: which entry each one comes from, and a tree of them."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.folders import find_source, find_sources
from catalog.listing import Row, index

Node = dict[str, Any]


def tree(root: str | None = None, *, user: Any = None) -> list[Node]:
    """Entries as nodes {"id", "name", "date", "change", "children"}, children by date; `root` alone, or every founder.

    Raises:
        CatalogError: there is no such entry.
    """
    rows = {row["id"]: row for row in index(user) if "faults" not in row}
    if root is not None:
        find_source(root, find_sources(user))
    children: dict[str | None, list[Row]] = {}
    for row in rows.values():
        parent = parent_of(row)
        children.setdefault(parent if parent in rows else None, []).append(row)
    tops = children.get(None, []) if root is None else [rows[root]] if root in rows else []
    return [_node(row, children) for row in _by_date(tops)]


def ancestors(entry: str, *, user: Any = None) -> list[str]:
    """Those that an entry comes from, nearest first."""
    rows = {row["id"]: row for row in index(user)}
    found: list[str] = []
    parent = parent_of(rows[entry])
    while parent in rows and parent not in found:
        found.append(parent)
        parent = parent_of(rows[parent])
    return found


def descendants(node: Node) -> Iterator[Node]:
    """All nodes below a node."""
    for child in node["children"]:
        yield child
        yield from descendants(child)


def parent_of(row: Mapping[str, Any]) -> Any:
    """The entry that a row descends from: its `parent` where that is told, else the one whose model it takes over."""
    return row.get("parent") or row.get("extends")


def _node(row: Row, children: Mapping[str | None, list[Row]]) -> Node:
    told = {name: row.get(name) for name in ("id", "name", "date", "change")}
    return {**told, "children": [_node(child, children) for child in _by_date(children.get(row["id"], []))]}


def _by_date(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (str(row.get("date") or "9"), row["id"]))
