"""The index: one plain row for each entry, read quickly and kept in the user's cache until a file changes."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog import cache
from catalog.built import parameters
from catalog.folders import BUILT_IN, find_sources, user_folder

if TYPE_CHECKING:
    from catalog.entries import Entry

Row = dict[str, Any]
FACTS = ("name", "date", "lab", "licence", "corpus", "objective", "application", "change")


def index(user: Path | str | None = None) -> list[Row]:
    """All entries, in order of their ids; an entry that cannot be read has only `id`, `file` and `faults`.

    A row holds the facts, `year`, `stack`, `baseline`, `extends`, `sizes`, `kinds` by sort, `dimensions`, `spec_hash`,
    `published` (the published number of parameters) and `parameters` (the measured one; None when it was not built).
    """
    sources = find_sources(user)
    folder = user_folder(user)
    files = [*(source.path for source in sources.values()), *cache.own_files()]
    # Messages show paths from the working folder, so a stored row belongs to that folder.
    key = cache.stamp(files) + str(Path.cwd())
    name = "index-" + hashlib.sha256(f"{BUILT_IN}\0{folder and folder.resolve()}".encode()).hexdigest()[:16]
    rows = cache.load(name, key)
    if rows is None:
        rows = _read_all(user)
        cache.store(name, key, rows)
    return [{**row, "parameters": parameters(row["spec_hash"])} if "spec_hash" in row else row for row in rows]


def _read_all(user: Path | str | None) -> list[Row]:
    from catalog.entries import Catalog

    catalog = Catalog(user)
    return [_row(catalog, entry_id) for entry_id in catalog.sources]


def _row(catalog: Any, entry_id: str) -> Row:
    from catalog.errors import CatalogError
    from catalog.records import load_records
    from catalog.resolution import resolve_model, spec_hash

    source = catalog.sources[entry_id]
    try:
        entry = catalog.entry(entry_id)
        spec = resolve_model(entry.model, check=False)
    except CatalogError as error:
        return {"id": entry_id, "file": source.name, "faults": [str(fault) for fault in error.faults]}
    return {
        "id": entry_id,
        **_facts(entry.raw),
        "stack": entry.stacks,
        "baseline": source.stack == "baseline",
        "extends": entry.raw.get("extends"),
        "sizes": list(entry.sizes),
        "published": published(entry),
        "kinds": kinds_of(spec, load_records()),
        "dimensions": {name: value for name, value in entry.model.items() if isinstance(value, int | float | str)},
        "file": source.name,
        "built_in": source.built_in,
        "spec_hash": spec_hash(spec),
    }


def _facts(raw: Mapping[str, Any]) -> Row:
    facts = {name: raw.get(name) for name in FACTS}
    date = str(facts["date"] or "")
    paper = raw.get("paper")
    url = paper.get("url") if isinstance(paper, Mapping) else None
    return {**facts, "year": int(date[:4]) if date[:4].isdigit() else None, "paper": url}


def published(entry: "Entry", size: str | None = None) -> int | None:
    """The published number of parameters at a size; without one, at the size that changes nothing."""
    counts = entry.raw.get("published")
    if size is None:
        size = next((name for name, changes in entry.sizes.items() if not changes), None)
    count = counts.get(size) if isinstance(counts, Mapping) else None
    return count if type(count) is int else None


def kinds_of(spec: Row, records: Any) -> dict[str, list[str]]:
    from catalog.walk import parts

    kinds: dict[str, set[str]] = {}
    for _, sort, part in parts(spec, records):
        kinds.setdefault(sort, set()).add(part["kind"])
    return {sort: sorted(names) for sort, names in sorted(kinds.items())}
