"""Reads the catalog for the site: each entry's card, its place in the family, and its file."""

from collections.abc import Iterable
from dataclasses import dataclass
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
    def marks(self) -> list[str]:
        """What the filters look for: `sort:kind` of each part, and `trait:name`."""
        kinds = [f"{sort}:{kind}" for sort, names in self.row.get("kinds", {}).items() for kind in names]
        return [*kinds, *(f"trait:{trait}" for trait in self.row.get("traits", ()))]

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

    @property
    def by_id(self) -> dict[str, SiteEntry]:
        return {entry.id: entry for entry in self.entries}


def collect(user: Path | str | None = None) -> Site:
    """The built-in entries and those of the user's folder."""
    catalog, rows = Catalog(user), index(user)
    good = [row for row in rows if "faults" not in row]
    found, faults = [], [fault for row in rows for fault in row.get("faults", ())]
    for row in good:
        try:
            found_card = card(catalog, row["id"])
        except CatalogError as error:
            faults += map(str, error.faults)
            continue
        text = catalog.sources[row["id"]].path.read_text(encoding="utf-8")
        found.append(SiteEntry(row, found_card, text, tuple(children(row["id"], good))))
    return Site(tuple(found), tuple(faults))


def children(parent: str, rows: Iterable[Record]) -> list[str]:
    return sorted(row["id"] for row in rows if parent_of(row) == parent)


def axes(entry: SiteEntry) -> Record:
    """The entry's model as dotted paths, for a comparison side by side; nothing where there is no model."""
    return {} if entry.spec is None else flat(entry.spec)
