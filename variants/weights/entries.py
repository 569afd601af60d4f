"""The entries that hold a `reference:`, and which of them a library's model belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catalog.entries import Catalog, Entry
from catalog.errors import Faults, did_you_mean
from catalog.reference import Reference, parse_reference


@dataclass(frozen=True)
class Known:
    """An entry with its reference."""

    entry: Entry
    reference: Reference

    @property
    def id(self) -> str:
        return self.entry.id


def known_entries(user: Path | str | None = None) -> list[Known]:
    """All entries with a reference, parents before children.

    Raises:
        CatalogError: an entry's file is wrong.
    """
    catalog, known, faults = Catalog(user), [], Faults()
    for name in catalog.sources:
        entry = catalog.entry(name)
        reference = parse_reference(entry.reference, faults)
        if reference is not None:
            known.append(Known(entry, reference))
    faults.raise_any()
    return sorted(known, key=lambda each: (len(each.entry.lineage), each.id))


def candidates(model_type: str, class_name: str, entry: str | None, user: Path | str | None) -> list[Known]:
    """The entries whose reference is of this type and class, or the one that is named.

    Raises:
        ValueError: there is none; the message says what is supported.
    """
    known = known_entries(user)
    if entry is not None:
        known = [each for each in known if each.id == entry]
        if not known:
            raise ValueError(f"entry {entry!r} is unknown or holds no reference")
    of_type = [each for each in known if each.reference.model_type == model_type]
    found = [each for each in of_type if class_name in each.reference.classes]
    if found:
        return found
    supported = sorted({f"{name} ({each.reference.model_type})" for each in known for name in each.reference.classes})
    near = did_you_mean(class_name, {name for each in of_type or known for name in each.reference.classes})
    hint = f"; did you mean {near}?" if near else ""
    raise ValueError(
        f"{class_name} (model_type {model_type!r}) is no reference of an entry{hint}; supported: {', '.join(supported)}"
    )
