"""Where a sweep file's content comes from: a path or a shipped name, laid over the sweep that it extends."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.errors import did_you_mean, refusal
from catalog.located import LocatedMap, Mark, mark_of
from catalog.merge import merge
from catalog.yaml_loader import load_file
from harness.sweeptable import as_maps

SHIPPED = Path(__file__).parent / "sweeps"


def find(source: str | Path, mark: Mark | None = None, field: str = "sweep") -> Path:
    """The file that `source` names: a path, or the name of a shipped sweep; `mark` is where `field` says so.

    Raises:
        CatalogError: there is neither.
    """
    path = Path(source)
    shipped = {file.stem: file for file in sorted(SHIPPED.glob("*.yaml"))}
    if path.is_file():
        return path
    if str(source) in shipped:
        return shipped[str(source)]
    allowed = f"the path of a YAML file, or {', '.join(shipped)}"
    near = did_you_mean(str(source), shipped)
    raise refusal(mark, field, "no such sweep file", value=str(source), allowed=allowed, suggestion=near)


def read(path: Path, children: tuple[Path, ...] = ()) -> Any:
    """The document in a file, over that of the sweep it `extends`: maps merge, lists replace, a table of null goes.

    `extends` is a path, from the file's own folder, or the name of a shipped sweep.

    Raises:
        CatalogError: a file cannot be read, extends itself, or has no name of its own.
    """
    document = load_file(path)
    if not isinstance(document, Mapping) or "extends" not in document:
        return document
    where, children = mark_of(document, "extends"), (*children, path.resolve())
    if "name" not in document:
        # under its parent's name it would stand in that one's folder, as a changed definition
        raise refusal(mark_of(document), "name", "must be given where a sweep extends another")
    parent = _parent(path, document)
    if parent.resolve() in children:
        raise refusal(where, "extends", "comes back to the file itself", value=document["extends"])
    own = LocatedMap(document)
    own.pop("extends")
    return _without_null_tables(merge(as_maps(read(parent, children)), as_maps(own)))


def _parent(path: Path, document: Mapping[str, Any]) -> Path:
    named = document["extends"]
    where = mark_of(document, "extends")
    if not isinstance(named, str):
        allowed = "the path of a sweep file, or the name of a shipped one"
        raise refusal(where, "extends", "does not fit", value=named, allowed=allowed)
    beside = path.parent / named
    return beside if beside.is_file() else find(named, where, "extends")


def _without_null_tables(document: LocatedMap) -> LocatedMap:
    tables = _map_in(document, "tables")
    gone = [name for name, table in tables.items() if table is None]
    layers = [_map_in(_map_in(document, "presets"), name) for name in _map_in(document, "presets")]
    for held in (tables, *(_map_in(layer, "tables") for layer in layers)):
        for name in gone:
            held.pop(name, None)
    return document


def _map_in(holder: LocatedMap, name: str) -> LocatedMap:
    """What lies there, where it is a map; other faults are told when the whole document is checked."""
    found = holder.get(name)
    return found if isinstance(found, LocatedMap) else LocatedMap()
