"""Certificates of catalog entries, each distinct shrunk structure once, with the published parameter counts."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalog.access import resolve
from catalog.built import built, keep
from catalog.entries import Catalog
from catalog.resolution import spec_hash
from variants.certificate.certify import Certificate, certify
from variants.count import count_parameters
from variants.measure import measure
from variants.parts import Spec
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


@dataclass(frozen=True)
class _Job:
    """One structure to certify, with the excuses that its entries declare."""

    spec: Spec
    device: str
    declared: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[object, ...]:
        return spec_hash(shrink(self.spec)), *sorted(self.declared.items())

    def run(self) -> Certificate:
        return certify(self.spec, self.device, declared=self.declared)


def check_entries(
    entries: Sequence[str] | None = None, user: Path | str | None = None, device: str = "cpu", workers: int = 1
) -> Iterator[EntryCheck]:
    """Checks the named entries, or all that have a model; yields them in order, from `workers` processes.

    Raises:
        CatalogError: an entry is unknown, its file is wrong, or it is named and has no model.
    """
    catalog, live = Catalog(user), records()
    jobs: dict[str, _Job] = {}
    for name in entries or sorted(catalog.sources):
        if entries or catalog.entry(name).model:
            declared = {str(check): str(reason) for check, reason in (catalog.raw(name).get("declares") or {}).items()}
            jobs[name] = _Job(resolve(name, user=user, records=live), device, declared)
    keys = {name: job.key for name, job in jobs.items()}
    distinct = {keys[name]: job for name, job in reversed(jobs.items())}
    order = list(dict.fromkeys(keys.values()))
    done: dict[tuple[object, ...], Certificate] = {}
    with _certificates([distinct[key] for key in order], workers) as certificates:
        for name, key in keys.items():
            reused = key in done
            if not reused:
                done[key] = next(certificates)
            counts = list(count_faults(name, catalog.raw(name).get("published") or {}, user))
            counts += size_faults(name, catalog.entry(name).sizes, user)
            yield EntryCheck(name, done[key], counts, reused)


@contextmanager
def _certificates(jobs: Sequence[_Job], workers: int) -> Iterator[Iterator[Certificate]]:
    """The jobs' certificates in order, worked out here or in processes of their own."""
    if min(workers, len(jobs)) < 2:
        yield map(_Job.run, jobs)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        try:
            yield iter(pool.map(_Job.run, jobs))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def count_faults(entry: str, published: Mapping[str, int], user: Path | str | None = None) -> Iterable[str]:
    """Yields a sentence for each size whose built count is not the published one."""
    for size, count in published.items():
        built = count_parameters(resolve(entry, size, user=user, records=records()))["total"]
        if built != count:
            yield f"{size}: {built:,} parameters built, {count:,} published"


def size_faults(entry: str, sizes: Iterable[str], user: Path | str | None = None) -> Iterable[str]:
    """Yields a sentence for each size that cannot be built or run as it stands: the certificate's model is a tiny one.

    What is measured meanwhile is kept in the cache, for `list` and `show`.
    """
    for size in (None, *sizes):
        spec = resolve(entry, size, user=user, records=records())
        if built(spec_hash(spec)) is not None:
            continue
        try:
            keep(spec_hash(spec), measure(spec))
        except (ValueError, RuntimeError, TypeError) as error:  # torch tells of numbers past 64 bits by the latter two
            yield f"{size or 'as published'}: cannot be measured: {str(error).splitlines()[0]}"
