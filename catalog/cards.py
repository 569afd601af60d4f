"""One entry as a card: facts, family, sizes, resolved spec, measurements and a drawing of its blocks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.access import check_entry, resolve_checked
from catalog.built import built, parameters
from catalog.certified import recall
from catalog.drawing import draw
from catalog.entries import MODEL_FIELDS, Catalog, Entry, sized_model
from catalog.errors import refusal
from catalog.figures import cache_bytes
from catalog.listing import kinds_of, published
from catalog.pairs import flops
from catalog.records import load_records
from catalog.resolution import resolve_model, spec_hash
from catalog.sizes import split
from catalog.traits import traits_of

EMPTY = ("spec_hash", "context", "flops_per_token", "cache_bytes", "certificate", "built", "drawing", "spec")


def show(
    name: str, size: str | None = None, *, context: int | None = None, user: Path | str | None = None
) -> dict[str, Any]:
    """All that is known about an entry, named by its id or by `id@size`.

    `built` is None when it was not built since it last changed. `flops_per_token` holds for a text of `context` tokens,
    by default the entry's own; `certificate` has the faults that the last check here found, and is None without one.
    Of an entry without a model, `near` names those with one that it descends from, and what belongs to a model is None.

    Raises:
        CatalogError: the entry or the size is unknown, or its file is wrong.
    """
    return card(Catalog(user), name, size, context)


def card(catalog: Catalog, name: str, size: str | None = None, context: int | None = None) -> dict[str, Any]:
    """As `show`, for those who ask a catalog for many entries."""
    entry_id, named = split(name)
    entry, size = catalog.entry(entry_id), size or named
    facts = {field: value for field, value in entry.raw.items() if field not in MODEL_FIELDS}
    head = {
        "id": entry_id,
        **facts,
        "stack": entry.stack,
        "lineage": catalog.descent(entry_id),
        "near": list(entry.near),
        "file": entry.source.name,
        "size": size,
        "sizes": {each: _parameters(entry, each) for each in entry.sizes},
    }
    if not entry.model and size is None:
        check_entry(entry)
        return {**head, "kinds": {}, "traits": [], **dict.fromkeys(EMPTY)}
    spec = resolve_checked(catalog, entry_id, size)
    return {**head, **_model(entry_id, spec, context or spec["context_length"])}


def tokens_of(text: str | None) -> int | None:
    """A context as it was asked for: a whole number of tokens; None where none was.

    Raises:
        CatalogError: the text is no such number.
    """
    if text is not None and not (text.isdecimal() and 0 < int(text) < 10**12):
        raise refusal(None, "--context", "does not fit", value=text, allowed="a whole number of tokens, such as 4096")
    return None if text is None else int(text)


def _model(entry_id: str, spec: Mapping[str, Any], context: int) -> dict[str, Any]:
    digest, records = spec_hash(spec), load_records()
    record = built(digest)
    return {
        "kinds": kinds_of(dict(spec), records),
        "traits": traits_of(spec, records),
        "spec_hash": digest,
        "context": context,
        "flops_per_token": flops(record, context) if record else None,
        "cache_bytes": cache_bytes(record) if record else None,
        "certificate": recall(entry_id, record["structure"]) if record else None,
        "built": record,
        "drawing": draw(spec, records),
        "spec": spec,
    }


def _parameters(entry: Entry, size: str) -> int | None:
    measured = parameters(spec_hash(resolve_model(sized_model(entry, size), check=False)))
    return published(entry, size) if measured is None else measured
