"""The index: one plain row for each entry, read quickly and kept in the user's cache until a file changes."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog import cache
from catalog.figures import figures
from catalog.folders import BUILT_IN, find_sources, user_folder

if TYPE_CHECKING:
    from catalog.entries import Entry

Row = dict[str, Any]
UNITS = {"K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
FACTS = ("name", "date", "lab", "licence", "corpus", "objective", "application", "change")


def index(user: Path | str | None = None) -> list[Row]:
    """All entries, in order of their ids; an entry that cannot be read has only `id`, `file` and `faults`.

    A row holds the facts, `year`, `stack`, `baseline`, `extends`, `parent`, `family`, `sizes`, `kinds` by sort,
    `traits`, `dimensions`, `spec_hash`, `published` (the published number of parameters, rounded where only a rounded
    one is known) and what was measured, None when it was not built: `parameters`, `flops_per_token`,
    `cache_bytes_per_token`. `size` is the name of the size that changes nothing; `at_sizes` holds what the others
    change. An entry without a model says why in `not_built`, and has no kinds, traits, dimensions or hash.
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
    return [row if "faults" in row else {**row, **figures(row)} for row in rows]


def _read_all(user: Path | str | None) -> list[Row]:
    from catalog.entries import Catalog

    catalog = Catalog(user)
    return [_row(catalog, entry_id) for entry_id in catalog.sources]


def _row(catalog: Any, entry_id: str) -> Row:
    from catalog.errors import CatalogError

    source = catalog.sources[entry_id]
    try:
        entry = catalog.entry(entry_id)
        descent = catalog.descent(entry_id)
        family = next((name for each in descent if (name := catalog.raw(each).get("family"))), None)
        model, others = _models(entry)
    except CatalogError as error:
        return {"id": entry_id, "file": source.name, "faults": [str(fault) for fault in error.faults]}
    except (TypeError, ValueError, LookupError, AttributeError):
        # Values are not checked here, so that an odd one may stop anything; the check says which it is.
        faults = _faults(entry)
        if not faults:
            raise
        return {"id": entry_id, "file": source.name, "faults": faults}
    return {
        "id": entry_id,
        **_facts(entry.raw),
        "family": family,
        "stack": entry.stack,
        "baseline": source.stack == "baseline",
        "extends": entry.raw.get("extends"),
        "parent": descent[1] if len(descent) > 1 else None,
        "not_built": entry.raw.get("not_built"),
        "sizes": list(entry.sizes),
        **model,
        "at_sizes": others,
        "file": source.name,
        "built_in": source.built_in,
    }


def _faults(entry: "Entry") -> list[str]:
    from catalog.access import check_entry
    from catalog.errors import CatalogError

    try:
        check_entry(entry)
    except CatalogError as error:
        return [str(fault) for fault in error.faults]
    return []


def _models(entry: "Entry") -> tuple[Row, list[Row]]:
    """What a row says of the entry's model, and the same for each size that changes it."""
    from catalog.entries import sized_model

    unchanged = next((name for name, changes in entry.sizes.items() if not changes), None)
    if not entry.model:
        nothing: Row = {"kinds": {}, "traits": [], "dimensions": {}, "spec_hash": None}
        return {"size": None, "published": published(entry), **nothing}, []
    sized: dict[str | None, Mapping[str, Any]] = {None: entry.model}
    sized |= {size: sized_model(entry, size) for size in entry.sizes if size != unchanged}
    rows = [{"size": size, "published": published(entry, size), **_model(model)} for size, model in sized.items()]
    return {**rows[0], "size": unchanged}, rows[1:]


def _model(model: Mapping[str, Any]) -> Row:
    from catalog.records import load_records
    from catalog.resolution import resolve_model, spec_hash
    from catalog.traits import traits_of

    spec = resolve_model(model, check=False)
    return {
        "kinds": kinds_of(spec, load_records()),
        "traits": traits_of(spec, load_records()),
        "dimensions": {name: value for name, value in model.items() if isinstance(value, int | float | str)},
        "spec_hash": spec_hash(spec),
    }


def _facts(raw: Mapping[str, Any]) -> Row:
    facts = {name: raw.get(name) for name in FACTS}
    date = str(facts["date"] or "")
    paper = raw.get("paper")
    url = paper.get("url") if isinstance(paper, Mapping) else None
    return {**facts, "year": int(date[:4]) if date[:4].isdigit() else None, "paper": url}


def published(entry: "Entry", size: str | None = None) -> int | None:
    """The published number of parameters at a size; without one, at the size that changes nothing.

    Where only a rounded number was announced, that; of an entry without a model, the first.
    """
    exact, rounded = ({} if entry.raw.get(name) is None else entry.raw[name] for name in ("published", "announced"))
    if not (isinstance(exact, Mapping) and isinstance(rounded, Mapping)):
        return None
    if size is None:
        sizes = entry.sizes if entry.model else dict.fromkeys(rounded)
        size = next((name for name, changes in sizes.items() if not changes), None)
    count = exact.get(size, announced(rounded.get(size)))
    return count if type(count) is int else None


def announced(text: Any) -> int | None:
    """The number that a rounded count such as 1.5B stands for; None where it is none."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMBT])", text) if isinstance(text, str) else None
    return round(float(match[1]) * UNITS[match[2]]) if match else None


def kinds_of(spec: Row, records: Any) -> dict[str, list[str]]:
    from catalog.walk import parts

    kinds: dict[str, set[str]] = {}
    for _, sort, part in parts(spec, records):
        kinds.setdefault(sort, set()).add(part["kind"])
    return {sort: sorted(names) for sort, names in sorted(kinds.items())}
