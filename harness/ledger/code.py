"""The hash of the code that can change a run's result: comments, docstrings and layout do not count."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from catalog import own_files
from catalog.own_files import registered
from harness.ledger.canonical import Json

ROOMS = ("catalog", "variants", "harness")
ROOTS = ("variants", "harness.train")
PARTS = ("variants", "harness.tasks")
APART = ("harness.ledger", "harness.records")  # writes results down, cannot change them


def code_hash(spec: Json, device: str = "cpu") -> str:
    """16 hexadecimal digits for the modules a run of `spec` uses, torch's version and the sort of device."""
    return hashlib.sha256(f"{_listing(spec)}\ntorch {_torch_version()}\ndevice {device}".encode()).hexdigest()[:16]


def source_hash(spec: Json) -> str:
    """16 hexadecimal digits for the modules alone that a run of `spec` uses."""
    return hashlib.sha256(_listing(spec).encode()).hexdigest()[:16]


def module_hash(name: str) -> str:
    """16 hexadecimal digits for one module of the rooms, without what it imports."""
    return _tree_hash(_sources()[name])[:16]


def modules_of(spec: Json) -> dict[str, Path]:
    """The modules of the rooms that a run of `spec` uses: what the roots import, and one file per kind named in it.

    A user's own file counts when it registers one of the kinds, a metric, or what its text does not name. A kind
    without a file of its name makes every part count.
    """
    own = _own_files()
    sources = {**_sources(), **own}
    parts = {name for name in sources if name.startswith(tuple(f"{room}." for room in PARTS))}
    found = {name for name, path in own.items() if _always_counts(path)}
    for kind in kinds_of([spec.get("model"), spec.get("task")]):
        named = {name for name in parts if name.rpartition(".")[2] == kind}
        named |= {name for name, path in own.items() if any(kind == known for _, known in registered(path))}
        found |= named or parts
    return {name: sources[name] for name in _closure({*ROOTS, *found}, sources)}


def kinds_of(value: Any) -> set[str]:
    """Every `kind` named anywhere in `value`."""
    if isinstance(value, dict):
        here = {value["kind"]} if isinstance(value.get("kind"), str) else set()
        return here.union(*(kinds_of(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(kinds_of(item) for item in value))
    return set()


def _listing(spec: Json) -> str:
    return "\n".join(f"{name} {_tree_hash(path)}" for name, path in sorted(modules_of(spec).items()))


def _closure(roots: Iterable[str], sources: dict[str, Path]) -> set[str]:
    waiting, seen = [name for name in roots if name in sources], set()
    while waiting:
        name = waiting.pop()
        if name in seen or name.startswith(APART):
            continue
        seen.add(name)
        waiting += [found for found in _imports(sources[name]) if found in sources]
        waiting += [parent for parent in (name.rpartition(".")[0],) if parent in sources]
    return seen


def _sources() -> dict[str, Path]:
    sources: dict[str, Path] = {}
    for room in ROOMS:
        for folder in _folders(room):
            for path in folder.rglob("*.py"):
                names = [room, *path.relative_to(folder).with_suffix("").parts]
                sources[".".join(names[:-1] if names[-1] == "__init__" else names)] = path
    return sources


def _own_files() -> dict[str, Path]:
    """A user's own files in use, under names that hold for them wherever they lie."""
    paths = [path for variable in (own_files.PARTS, own_files.TASKS) for path in own_files.files(variable)]
    return {f"own.{path.stem}.{_tree_hash(path)[:8]}": path for path in paths if path.is_file()}


def _always_counts(path: Path) -> bool:
    return any(registry == "METRIC" or not name for registry, name in registered(path))


@cache
def _folders(room: str) -> tuple[Path, ...]:
    found = importlib.util.find_spec(room)
    return tuple(Path(place) for place in (found.submodule_search_locations or ()) if found) if found else ()


def _imports(path: Path) -> tuple[str, ...]:
    return _read(path, path.stat().st_mtime_ns)[1]


def _tree_hash(path: Path) -> str:
    return _read(path, path.stat().st_mtime_ns)[0]


@cache
def _read(path: Path, _stamp: int) -> tuple[str, tuple[str, ...]]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        # one of ours cannot be here: it was imported
        raise ValueError(f"{path}:{getattr(error, 'lineno', None) or 0}: is no Python: {error}") from error
    imports = tuple(_imported(tree))
    _strip_docstrings(tree)
    return hashlib.sha256(ast.unparse(tree).encode()).hexdigest(), imports


def _imported(node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif not _is_for_checkers(node):
        for child in ast.iter_child_nodes(node):
            yield from _imported(child)


def _is_for_checkers(node: ast.AST) -> bool:
    """Whether it is an `if TYPE_CHECKING:`, of which nothing runs."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _strip_docstrings(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]


def _torch_version() -> str:
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return "none"
