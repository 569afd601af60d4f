"""One entry as a card: facts, family, sizes, resolved spec, measurements and a drawing of its blocks."""

from pathlib import Path
from typing import Any

from catalog.access import check_entry, resolve_checked
from catalog.built import built, parameters
from catalog.drawing import draw
from catalog.entries import MODEL_FIELDS, Catalog, Entry, sized_model
from catalog.listing import kinds_of, published
from catalog.records import load_records
from catalog.resolution import resolve_model, spec_hash


def show(entry_id: str, size: str | None = None, *, user: Path | str | None = None) -> dict[str, Any]:
    """All that is known about an entry; `built` is None when it was not built since it last changed.

    Of an entry without a model, `near` names those with one that it descends from, and `spec` and `drawing` are None.

    Raises:
        CatalogError: the entry or the size is unknown, or its file is wrong.
    """
    catalog = Catalog(user)
    entry = catalog.entry(entry_id)
    facts = {name: value for name, value in entry.raw.items() if name not in MODEL_FIELDS}
    head = {
        "id": entry_id,
        **facts,
        "stack": entry.stack,
        "lineage": catalog.descent(entry_id),
        "near": list(entry.near),
        "file": entry.source.name,
        "size": size,
        "sizes": {name: _parameters(entry, name) for name in entry.sizes},
    }
    if not entry.model and size is None:
        check_entry(entry)
        return {**head, "kinds": {}, "spec_hash": None, "built": None, "drawing": None, "spec": None}
    spec = resolve_checked(catalog, entry_id, size)
    digest = spec_hash(spec)
    model = {"kinds": kinds_of(spec, load_records()), "spec_hash": digest, "built": built(digest)}
    return {**head, **model, "drawing": draw(spec, load_records()), "spec": spec}


def _parameters(entry: Entry, size: str) -> int | None:
    measured = parameters(spec_hash(resolve_model(sized_model(entry, size), check=False)))
    return published(entry, size) if measured is None else measured
