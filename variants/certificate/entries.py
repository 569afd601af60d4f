"""Certificates of catalog entries, each distinct shrunk structure once, with the published parameter counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.access import resolve
from catalog.entries import Catalog
from catalog.resolution import spec_hash
from variants.certificate.certify import Certificate, certify
from variants.count import count_parameters
from variants.registry import records
from variants.shrink import shrink


@dataclass(frozen=True)
class EntryCheck:
    """One entry's certificate; `reused` says that another entry of the same structure was checked."""

    entry: str
    certificate: Certificate
    counts: list[str]
    reused: bool

    @property
    def ok(self) -> bool:
        return self.certificate.ok and not self.counts

    def to_json(self) -> dict[str, Any]:
        found = {"count": self.counts, **self.certificate.faults}
        return {"id": self.entry, **self.certificate.to_json(), "faults": found, "ok": self.ok, "reused": self.reused}


def check_entries(
    entries: Sequence[str] | None = None, user: Path | str | None = None, device: str = "cpu"
) -> Iterator[EntryCheck]:
    """Checks the named entries, or all; yields them in order.

    Raises:
        CatalogError: an entry is unknown or its file is wrong.
    """
    catalog, live = Catalog(user), records()
    done: dict[tuple[str, tuple[tuple[str, str], ...]], Certificate] = {}
    for name in entries or sorted(catalog.sources):
        raw = catalog.raw(name)
        if catalog.entry(name).stacks == "none":
            continue
        spec = resolve(name, user=user, records=live)
        declared = {str(check): str(reason) for check, reason in (raw.get("declares") or {}).items()}
        key = (spec_hash(shrink(spec)), tuple(sorted(declared.items())))
        reused = key in done
        if not reused:
            done[key] = certify(spec, device, declared=declared)
        yield EntryCheck(name, done[key], list(count_faults(name, raw.get("published") or {}, user)), reused)


def count_faults(entry: str, published: dict[str, int], user: Path | str | None = None) -> Iterator[str]:
    """Yields a sentence for each size whose built count is not the published one."""
    for size, count in published.items():
        built = count_parameters(resolve(entry, size, user=user, records=records()))["total"]
        if built != count:
            yield f"{size}: {built:,} parameters built, {count:,} published"
