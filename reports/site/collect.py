"""Reads the catalog for the site: each entry's card, its place in the family, and its file."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from catalog.cards import card
from catalog.comparing import flat
from catalog.descent import parent_of
from catalog.entries import Catalog
from catalog.errors import CatalogError
from catalog.listing import index

Record = dict[str, Any]
VARIANTS = "variant/"


@dataclass(frozen=True)
class SiteEntry:
    """An entry: its row of the index, its card, its own text, who it comes from and who comes from it."""

    row: Record
    card: Record
    text: str
    children: tuple[str, ...]

    @property
    def id(self) -> str:
        return str(self.row["id"])

    @property
    def file(self) -> str:
        """Its page, without a folder: ids with a slash are flattened."""
        return f"{self.id.replace('/', '--')}.html"

    @property
    def counts(self) -> list[int]:
        """The parameters of all sizes, as far as they are known."""
        known = [self.parameters, *self.card.get("sizes", {}).values()]
        return sorted({number for number in known if number})

    @property
    def spec(self) -> Record | None:
        return self.card.get("spec")

    @property
    def sort(self) -> str:
        """Which of the lists it is on: a published model, a variant of one change, a baseline, or listed only."""
        if self.row.get("not_built"):
            return "listed"
        return "variant" if self.id.startswith(VARIANTS) else "baseline" if self.row["baseline"] else "model"

    @property
    def parameters(self) -> int | None:
        return self.row.get("parameters") or self.row.get("published")

    @property
    def parent(self) -> str | None:
        return str(found) if (found := parent_of(self.row)) else None


@dataclass(frozen=True)
class Site:
    """All entries that can be read, and what is wrong with the others, a line each."""

    entries: tuple[SiteEntry, ...]
    faults: tuple[str, ...]

    @cached_property
    def by_id(self) -> dict[str, SiteEntry]:
        return {entry.id: entry for entry in self.entries}


def collect(user: Path | str | None = None) -> Site:
    """The built-in entries and those of the user's folder."""
    catalog, rows = Catalog(user), index(user)
    faults = [fault for row in rows for fault in row.get("faults", ())]
    read: list[tuple[Record, Record]] = []
    for row in rows:
        if "faults" not in row:
            try:
                read.append((row, card(catalog, row["id"])))
            except CatalogError as error:
                faults += map(str, error.faults)
    heirs = heirs_of(row for row, _ in read)
    return Site(tuple(_entry(catalog, row, told, heirs) for row, told in read), tuple(faults))


def heirs_of(rows: Iterable[Record]) -> dict[Any, list[str]]:
    """The ids of those that come from an entry, by its id."""
    found: dict[Any, list[str]] = {}
    for row in rows:
        found.setdefault(parent_of(row), []).append(row["id"])
    return found


def _entry(catalog: Catalog, row: Record, told: Record, heirs: dict[Any, list[str]]) -> SiteEntry:
    text = catalog.sources[row["id"]].path.read_text(encoding="utf-8")
    return SiteEntry(row, told, text, tuple(sorted(heirs.get(row["id"], ()))))


def axes(entry: SiteEntry) -> Record:
    """The entry's model as dotted paths, for a comparison side by side; nothing where there is no model."""
    return {} if entry.spec is None else flat(entry.spec)
