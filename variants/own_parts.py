"""Kinds of part in a user's own files: registered as long as the files are in use."""

from __future__ import annotations

from pathlib import Path

from catalog.own_files import PARTS, files, run_file
from variants.registry import SORTS, Kind, tell_of_change

EXAMPLE = "@ATTENTION.register('my_kind', n_heads=4), with ATTENTION from variants.registry"
LOADED: dict[Path, list[Kind]] = {}


def load_own_parts() -> None:
    """Makes the registry hold the kinds of the files in use, and of no other.

    Raises:
        ValueError: a file is missing, no Python or fails, it registers nothing, or a name that is taken, or
            changes what is not its own; one line.
    """
    wanted = files(PARTS)
    for path in [path for path in LOADED if path not in wanted]:
        for kind in LOADED.pop(path):
            SORTS[kind.sort].kinds.pop(kind.name, None)
        tell_of_change()
    for path in wanted:
        if path not in LOADED:
            LOADED[path] = register(path)


def register(path: Path) -> list[Kind]:
    """Runs a file and gives the kinds that it registered; when that fails, the registry is as before."""
    before = {sort: dict(registry.kinds) for sort, registry in SORTS.items()}
    tell_of_change()
    try:
        run_file(path)
        return _new_kinds(path, before)
    except ValueError:
        restore(before)
        raise


def restore(before: dict[str, dict[str, Kind]]) -> None:
    """Puts the registry back."""
    for sort, registry in SORTS.items():
        registry.kinds.clear()
        registry.kinds.update(before[sort])
    tell_of_change()


def _new_kinds(path: Path, before: dict[str, dict[str, Kind]]) -> list[Kind]:
    now = [(sort, name, kind) for sort, registry in SORTS.items() for name, kind in registry.kinds.items()]
    gone = [f"{sort} {name}" for sort, held in before.items() for name in held if name not in SORTS[sort].kinds]
    if gone:
        raise ValueError(f"{path}: takes kinds away ({', '.join(gone)}); a file may only register kinds")
    for sort, name, kind in now:
        if name in before[sort] and before[sort][name].cls is not kind.cls:
            raise ValueError(f"{path}: the {sort} kind {name!r} is taken; register it under another name")
    new = [kind for sort, name, kind in now if name not in before[sort]]
    if not new:
        raise ValueError(f"{path} registers no kind; decorate its class, as in {EXAMPLE}")
    for kind in new:
        try:
            kind.record()
        except (ValueError, NameError) as error:
            raise ValueError(f"{path}: {kind.name}: {error}") from error
    return new
