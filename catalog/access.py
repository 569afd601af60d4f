"""Entries by id: resolve one at a size with overrides, or check all that it says."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog import cache
from catalog.agreement import check_agreement
from catalog.entries import Catalog, Entry, sized_model
from catalog.errors import CatalogError, Fault, Faults
from catalog.records import Records
from catalog.reference import parse_reference
from catalog.resolution import Spec, resolve_model


def resolve(
    entry_id: str,
    size: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    user: Path | str | None = None,
    records: Records | None = None,
) -> Spec:
    """The resolved spec of an entry; `overrides` are dotted paths with values, `user` is a folder of own entries.

    Raises:
        CatalogError: the entry, its size, an override or anything in its file is wrong; all faults at once.
    """
    entry = Catalog(user).entry(entry_id)
    faults = entry_faults(entry)
    spec: Spec = {}
    try:
        spec = resolve_model(sized_model(entry, size), records, overrides)
    except CatalogError as error:
        faults = _in_order([*faults, *error.faults])
    if faults:
        raise CatalogError(faults)
    return spec


def check(entry_id: str, *, user: Path | str | None = None, records: Records | None = None) -> None:
    """Check an entry's facts, its model and its model at every size.

    Raises:
        CatalogError: anything is wrong; all faults at once.
    """
    check_entry(Catalog(user).entry(entry_id), records)


def check_entry(entry: Entry, records: Records | None = None) -> None:
    """Check an entry as `check` does."""
    faults = entry_faults(entry)
    for size in (None, *entry.sizes) if entry.model else ():
        try:
            resolve_model(sized_model(entry, size), records)
        except CatalogError as error:
            faults += [fault for fault in error.faults if fault not in faults]
    if faults:
        raise CatalogError(_in_order(faults))


def resolve_checked(catalog: Catalog, entry_id: str, size: str | None = None) -> Spec:
    """Like `resolve`, but an entry that was checked since its files last changed is only completed, which is quick.

    Raises:
        CatalogError: the entry is unknown, or anything in it is wrong.
    """
    entry = catalog.entry(entry_id)
    name = "checked-" + hashlib.sha256(str(entry.source.path.resolve()).encode()).hexdigest()[:16]
    key = cache.stamp([*(catalog.sources[each].path for each in entry.lineage), *cache.own_files()])
    model = sized_model(entry, size)
    if cache.load(name, key) is None:
        check_entry(entry)
        cache.store(name, key, True)
    return resolve_model(model, check=False)


def entry_faults(entry: Entry) -> list[Fault]:
    """What is wrong with an entry beside its model: its facts, and where they do not agree with the model."""
    from catalog.facts import check_facts  # brings pydantic, which a checked entry does not need

    faults = Faults()
    check_facts(entry.raw, faults)
    parse_reference(entry.reference, faults)
    check_agreement(entry, faults)
    return list(faults)


def _in_order(faults: list[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: (fault.file or "", fault.line or 0))
