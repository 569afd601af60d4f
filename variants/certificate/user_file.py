"""Kinds that a Python file of the user's registers, for the length of a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from variants.own_parts import LOADED, register, restore
from variants.registry import SORTS, Kind, discover


@contextmanager
def kinds_of(path: Path) -> Iterator[list[Kind]]:
    """Runs the file and gives the kinds that it registered; afterwards the registry is as before.

    Raises:
        ValueError: the file is missing, no Python or fails, it registers nothing, or a name that is taken; one line.
    """
    discover()
    if path.resolve() in LOADED:
        yield LOADED[path.resolve()]
        return
    before = {sort: dict(registry.kinds) for sort, registry in SORTS.items()}
    kinds = register(path)
    try:
        yield kinds
    finally:
        restore(before)
