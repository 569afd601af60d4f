"""Kinds that a Python file of the user's registers, for the length of a block."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from variants.certificate.options import forget
from variants.registry import SORTS, Kind, discover

EXAMPLE = "@ATTENTION.register('my_kind', n_heads=4), with ATTENTION from variants.registry"


@contextmanager
def kinds_of(path: Path) -> Iterator[list[Kind]]:
    """Runs the file and gives the kinds that it registered; afterwards the registry is as before.

    Raises:
        ValueError: the file is missing, no Python or fails, it registers nothing, or a name that is taken; one line.
    """
    discover()
    before = {sort: dict(registry.kinds) for sort, registry in SORTS.items()}
    forget()
    try:
        _run(path)
        yield _new_kinds(path, before)
    finally:
        for sort, registry in SORTS.items():
            registry.kinds.clear()
            registry.kinds.update(before[sort])
        forget()


def _run(path: Path) -> None:
    if not path.is_file():
        raise ValueError(f"{path} is missing; give a Python file that registers a kind of part")
    name = f"user_file_{path.stem}"
    module_spec = importlib.util.spec_from_file_location(name, path)
    if module_spec is None or module_spec.loader is None:
        raise ValueError(f"{path} is no Python file; its name must end in .py")
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[name] = module
    try:
        module_spec.loader.exec_module(module)
    except SyntaxError as error:
        raise ValueError(f"{error.filename or path}:{error.lineno or 0}: is no Python: {error.msg}") from error
    except Exception as error:
        raise ValueError(f"{_place(error, path)}: {_said(error)}") from error
    finally:
        sys.modules.pop(name, None)


def _place(error: Exception, path: Path) -> str:
    """The file and the last line in it that was running."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    return f"{path}:{lines[-1]}" if lines else str(path)


def _said(error: Exception) -> str:
    told = " ".join(str(error).split())
    return told if isinstance(error, ValueError) else f"{type(error).__name__}: {told}"


def _new_kinds(path: Path, before: dict[str, dict[str, Kind]]) -> list[Kind]:
    now = [(sort, name, kind) for sort, registry in SORTS.items() for name, kind in registry.kinds.items()]
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
