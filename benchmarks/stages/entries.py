"""The catalog's models for stages that visit them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import catalog
from benchmarks.stages.stage import Case, Record
from catalog.entries import Catalog
from catalog.errors import CatalogError
from variants.parts import Spec


def models(names: Sequence[str] | None = None) -> Iterator[tuple[str, Spec | Exception]]:
    """Every entry with a model, or those named, with its resolved spec or what is wrong with it."""
    found = Catalog()
    for name in names or sorted(found.sources):
        try:
            if found.entry(name).stacks != "none":
                yield name, catalog.resolve(name)
        except (CatalogError, ValueError) as error:
            yield name, error


def broken(name: str, error: Exception) -> Case:
    """A case that fails with the entry's own fault, so that the others still run."""

    def fail() -> Record:
        raise error

    return name, fail
