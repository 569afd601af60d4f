"""Entries: an entry's file, its chain of parents, and the model that the chain makes together."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from catalog.errors import Faults, did_you_mean, refusal
from catalog.folders import Source, find_source, find_sources, nearest
from catalog.located import LocatedMap, Mark, mark_of
from catalog.merge import merge
from catalog.reference import merge_reference
from catalog.stacks import repeated_branches
from catalog.yaml_loader import load_file

MODEL_FIELDS = ("extends", "model", "sizes", "reference")
STACK_OF = {("encoder",): "encoder", ("decoder",): "decoder", ("encoder", "decoder"): "encoder_decoder"}


@dataclass(frozen=True)
class Entry:
    """An entry as written, and its model and sizes after inheritance; not yet resolved."""

    source: Source
    raw: LocatedMap
    lineage: tuple[str, ...]
    model: LocatedMap
    sizes: LocatedMap
    reference: Any
    near: tuple[str, ...] = ()  # of an entry that is not built: the built ones that it descends from, nearest first

    @property
    def id(self) -> str:
        return self.source.id

    @property
    def stack(self) -> str:
        """What the entry is: the stacks of its model, or the fact `stack` of one that is not built."""
        return self.stacks if self.model else str(self.raw.get("stack"))

    @property
    def stacks(self) -> str:
        """What the model is: encoder, decoder or encoder_decoder; none where there is no model."""
        present = tuple(name for name in ("encoder", "decoder") if self.model.get(name) is not None)
        return STACK_OF.get(present, "none")


class Catalog:
    """All entries that can be reached: the built-in ones and those of the user's folder."""

    def __init__(self, user: Path | str | None = None) -> None:
        self.sources = find_sources(user)

    def raw(self, entry_id: str) -> LocatedMap:
        """An entry's file as it stands.

        Raises:
            CatalogError: there is no such entry, or its file is no map.
        """
        source = find_source(entry_id, self.sources)
        stat = source.path.stat()
        return _read(source.path, source.name, stat.st_size, stat.st_mtime_ns)

    def entry(self, entry_id: str) -> Entry:
        """An entry with what it inherits.

        Raises:
            CatalogError: a file of the chain is malformed, a parent is unknown, or the chain is a cycle.
        """
        lineage = self.lineage(entry_id)
        raws = [self.raw(ancestor) for ancestor in lineage]
        faults = Faults()
        for field in ("model", "sizes", "reference"):
            for raw in raws:
                _check_map(raw, field, faults)
        faults.raise_any()
        model: Any = LocatedMap(mark=mark_of(raws[0]))
        reference: Any = None
        for raw in reversed(raws):
            model = merge(model, raw.get("model") or LocatedMap())
            reference = merge_reference(reference, raw.get("reference", {}))
        sizes = next((raw["sizes"] for raw in raws if raw.get("sizes")), LocatedMap())
        model.mark = mark_of(raws[0], "model") or mark_of(raws[0])
        near = () if model else tuple(self._built(self.descent(entry_id)))
        return Entry(find_source(entry_id, self.sources), raws[0], tuple(lineage), model, sizes, reference, near)

    def lineage(self, entry_id: str) -> list[str]:
        """The entry and those whose model it takes over, nearest first: the chain of `extends`.

        Raises:
            CatalogError: a parent is unknown, or the chain is a cycle.
        """
        return self._chain(entry_id, ("extends",))

    def descent(self, entry_id: str) -> list[str]:
        """The entry and those it descends from, nearest first: `parent` where a file says it, else `extends`.

        Raises:
            CatalogError: a parent is unknown, or the chain is a cycle.
        """
        return self._chain(entry_id, ("parent", "extends"))

    def _chain(self, entry_id: str, fields: tuple[str, ...]) -> list[str]:
        chain = [entry_id]
        while (field := _first(raw := self.raw(chain[-1]), fields)) is not None:
            parent, where = raw[field], mark_of(raw, field)
            if parent in chain:
                raise refusal(where, field, f"the chain of parents is a cycle: {' -> '.join([*chain, str(parent)])}")
            if not isinstance(parent, str) or parent not in self.sources:
                near = nearest(parent, self.sources)
                raise refusal(where, field, "unknown parent", value=parent, allowed="an entry's id", suggestion=near)
            chain.append(parent)
        return chain

    def _built(self, chain: list[str]) -> list[str]:
        return [each for each in chain if any("model" in self.raw(parent) for parent in self.lineage(each))]


def sized_model(entry: Entry, size: str | None) -> LocatedMap:
    """The model at one of the entry's sizes.

    Raises:
        CatalogError: the entry has no such size, or is not built.
    """
    if not entry.model and "not_built" in entry.raw:
        descent = f"; it descends from {', '.join(entry.near)}" if entry.near else ""
        message = f"{entry.id} is listed with facts alone: {entry.raw['not_built']}{descent}"
        raise refusal(mark_of(entry.raw, "not_built"), "not_built", message)
    if size is None:
        return entry.model
    if size not in entry.sizes:
        known = ", ".join(entry.sizes) or "none, this entry has no sizes"
        where, near = Mark(entry.source.name, 0), did_you_mean(size, entry.sizes)
        raise refusal(where, "size", "unknown size", value=size, allowed=known, suggestion=near)
    changes = entry.sizes[size]
    sized = merge(entry.model, LocatedMap() if changes is None else changes)
    if not isinstance(sized, LocatedMap):
        raise refusal(mark_of(entry.sizes, size), f"sizes.{size}", "must be a map of model fields", value=changes)
    return sized


@lru_cache(maxsize=4096)
def _read(path: Path, name: str, size: int, mtime_ns: int) -> LocatedMap:
    raw = load_file(path, name)
    if not isinstance(raw, LocatedMap):
        allowed = "fields such as name, date, paper, change, model"
        raise refusal(Mark(name, 1), "", "an entry must be a map of fields", value=raw, allowed=allowed)
    return raw


def _first(raw: LocatedMap, fields: tuple[str, ...]) -> str | None:
    return next((field for field in fields if raw.get(field) is not None), None)


def _check_map(raw: LocatedMap, field: str, faults: Faults) -> None:
    value = raw.get(field) or {}
    if not isinstance(value, Mapping):
        faults.add(mark_of(raw, field), field, "must be a map", value=value)
        return
    for stack in ("encoder", "decoder") if field == "model" else ():
        holder = value.get(stack)
        for branch, mark in repeated_branches(holder.get("sublayers") if isinstance(holder, Mapping) else None):
            message = "the block has this branch already; give one another name and `sort:`"
            faults.add(mark, f"{stack}.{branch}", message, suggestion=f"{branch}_2")
