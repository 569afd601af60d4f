"""A sweep file: tables of variants, learning rates and seeds in YAML; presets and settings are laid over it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.errors import Faults, did_you_mean, refusal
from catalog.located import LocatedMap, Mark, mark_of
from catalog.merge import merge
from catalog.yaml_loader import load_text, scalar
from harness.sweepsource import find, read
from harness.sweeptable import NESTED, SCALARS, Table, as_maps, read_table

AS_IT_STANDS = "demo"
OWN = ("title", "baseline", "variants", "grid")
SHARED = tuple(name for name in (*SCALARS.options, *NESTED) if name not in OWN)
FIELDS = ("name", "title", "presets", "tables", *SHARED)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class SweepFile:
    """What is to be compared, with a preset and all settings applied."""

    name: str
    title: str
    preset: str
    tables: tuple[Table, ...]

    @property
    def folder(self) -> str:
        """The name of its folder in a ledger; each preset is a sweep of its own."""
        return self.name if self.preset == AS_IT_STANDS else f"{self.name}-{self.preset}"


def load(source: str | Path, preset: str | None = None, settings: Mapping[str, Any] | None = None) -> SweepFile:
    """The sweep in a file, or the shipped one of that name.

    Raises:
        CatalogError: the file cannot be read or something in it is wrong; all faults at once, with their lines.
    """
    return assemble(read(find(source)), preset, settings)


def presets_of(source: str | Path) -> list[str]:
    """The presets that the sweep file offers."""
    document = read(find(source))
    found = document.get("presets") if isinstance(document, Mapping) else None
    return sorted({AS_IT_STANDS, *(found if isinstance(found, Mapping) else ())})


def assemble(document: Any, preset: str | None = None, settings: Mapping[str, Any] | None = None) -> SweepFile:
    """The sweep that a document of nested maps describes; `settings` are dotted paths with their values.

    Later layers win: what the file says for all tables, for one table, the preset for all, for one, the settings.

    Raises:
        CatalogError: something is wrong; all faults at once.
    """
    if not isinstance(document, Mapping):
        raise refusal(mark_of(document), "", "a sweep file is a map", value=document, allowed=", ".join(FIELDS))
    faults = Faults()
    document = as_maps(document)
    _check_document(document, faults)
    faults.raise_any()
    chosen, overlay = _choose(document, preset), _overlay(settings or {})
    _check_layer(document, overlay, "", mark_of(overlay), faults)
    faults.raise_any()
    tables = _tables(document, [_preset(document, chosen), overlay], faults)
    for other in _others(document, chosen):
        _tables(document, [_preset(document, other)], faults)
    faults.raise_any()
    return SweepFile(document["name"], document.get("title") or document["name"], chosen, tuple(tables))


def parse_setting(text: str) -> tuple[str, Any]:
    """The path and the value of `path=value`; the value is read as YAML, commas make a list.

    Raises:
        CatalogError: there is no `=`, or the value is no YAML.
    """
    path, equals, value = text.partition("=")
    if not equals or not path:
        raise refusal(None, "--set", "is no setting", value=text, allowed="path=value, such as train.steps=50")
    if value[:1] in ("[", "{", '"', "'"):
        return path, load_text(value, f"--set {path}")
    return path, [scalar(item) for item in value.split(",") if item] if "," in value else scalar(value)


def _check_document(document: Mapping[str, Any], faults: Faults) -> None:
    refuse_unknown(document, FIELDS, "", faults)
    name = document.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        allowed = "a name of letters, digits, '-', '_' and '.'"
        faults.add(mark_of(document, "name"), "name", "names the sweep's folder", value=name, allowed=allowed)
    tables = document.get("tables")
    if not isinstance(tables, Mapping) or not tables:
        allowed = "a map with one table or more"
        faults.add(mark_of(document, "tables"), "tables", "does not fit", value=tables, allowed=allowed)
    presets = document.get("presets")
    for preset, layer in (presets if isinstance(presets, Mapping) else {}).items():
        _check_layer(document, layer, f"presets.{preset}.", mark_of(presets, preset), faults)


def _check_layer(document: Mapping[str, Any], layer: Any, path: str, where: Mark | None, faults: Faults) -> None:
    if layer is None:
        return
    if not isinstance(layer, Mapping):
        faults.add(where, path.rstrip("."), "does not fit", value=layer, allowed="a map laid over the file")
        return
    refuse_unknown(layer, ("tables", *SHARED), path, faults)
    tables = layer.get("tables") or {}
    if not isinstance(tables, Mapping):
        faults.add(mark_of(layer, "tables"), f"{path}tables", "does not fit", value=tables, allowed="a map by table")
    elif isinstance(document.get("tables"), Mapping):
        refuse_unknown(tables, tuple(document["tables"]), f"{path}tables.", faults)
        for name, table in tables.items():
            if table is not None and not isinstance(table, Mapping):
                told = f"{path}tables.{name}"
                faults.add(mark_of(tables, name), told, "does not fit", value=table, allowed="a map, or null")


def _choose(document: Mapping[str, Any], preset: str | None) -> str:
    known = sorted({AS_IT_STANDS, *(document.get("presets") or ())})
    if preset is not None and preset not in known:
        allowed, near = ", ".join(known), did_you_mean(preset, known)
        where = mark_of(document, "presets")
        raise refusal(where, "preset", "no such preset", value=preset, allowed=allowed, suggestion=near)
    return preset or AS_IT_STANDS


def _others(document: Mapping[str, Any], chosen: str) -> list[str]:
    return [name for name in document.get("presets") or () if name != chosen]


def _preset(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return (document.get("presets") or {}).get(name) or {}


def _overlay(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    layer: Any = LocatedMap()
    for path, value in settings.items():
        mark = Mark(f"--set {path}", 0)
        for name in reversed(_names(path)):
            holder = LocatedMap(mark=mark)
            holder.put(name, value, mark)
            value = holder
        layer = merge(layer, as_maps(value))
    return layer  # type: ignore[no-any-return]


def _names(path: str) -> list[str]:
    # what stands behind a variant's `set` is one dotted path of the catalog's
    head, dot, inner = path.partition(".set.")
    return [*head.split("."), "set", inner] if dot else path.split(".")


def _tables(document: Mapping[str, Any], layers: Sequence[Mapping[str, Any]], faults: Faults) -> list[Table]:
    base = LocatedMap(document)
    for name in set(base) - set(SHARED):
        base.pop(name)
    dropped = {name for layer in layers for name, table in (layer.get("tables") or {}).items() if table is None}
    kept = [name for name in document["tables"] if name not in dropped]
    if not kept:
        faults.add(mark_of(document, "tables"), "tables", "none is left", allowed="one table or more")
    tables = [_table(name, document, base, layers, faults) for name in kept]
    return [table for table in tables if table is not None]


def _table(
    name: str, document: Mapping[str, Any], base: Mapping[str, Any], layers: Sequence[Mapping[str, Any]], faults: Faults
) -> Table | None:
    own = document["tables"][name]
    path, where = f"tables.{name}", mark_of(document["tables"], name)
    if not isinstance(own, Mapping):
        faults.add(where, path, "does not fit", value=own, allowed="a map")
        return None
    merged = merge(base, own)
    for layer in layers:
        merged = merge(merged, _without_tables(layer))
        merged = merge(merged, (layer.get("tables") or {}).get(name) or LocatedMap())
    merged.mark = where
    return read_table(name, merged, faults)


def _without_tables(layer: Mapping[str, Any]) -> LocatedMap:
    rest = LocatedMap(layer)
    rest.pop("tables", None)
    return rest


def refuse_unknown(holder: Mapping[str, Any], known: Sequence[str], path: str, faults: Faults) -> None:
    """Note every key of `holder` that is not known."""
    for name in holder:
        if name not in known:
            near = did_you_mean(name, known)
            faults.add(mark_of(holder, name), f"{path}{name}", "unknown", allowed=", ".join(known), suggestion=near)
