"""Where entries lie: the catalog's own folders and a folder of the user's, one YAML file for each entry."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog.errors import CatalogError, Fault, did_you_mean, refusal
from catalog.located import Mark

BUILT_IN = Path(__file__).parent
STACK_FOLDERS = ("encoder", "decoder", "encoder_decoder", "baseline", "other")
VARIANTS = "variant"  # one change to a small baseline each; the folder is part of the id, and the stack is the model's
USER_VARIABLE = "BESTIARY_CATALOG"


@dataclass(frozen=True)
class Source:
    """One entry's file; `stack` is its folder's name, None for a variant and for a user's entry outside the folders."""

    id: str
    path: Path
    stack: str | None
    built_in: bool

    @property
    def name(self) -> str:
        """The path as messages show it: from the working folder where that is shorter."""
        here, path = Path.cwd(), self.path.absolute()
        return str(path.relative_to(here)) if path.is_relative_to(here) else str(self.path)


def find_sources(user: Path | str | None = None) -> dict[str, Source]:
    """Every entry's file by id; `user` is a folder of the user's own, by default that of `BESTIARY_CATALOG`.

    Raises:
        CatalogError: the user's folder is missing, or an id names two files.
    """
    sources: dict[str, Source] = {}
    faults = []
    for source in _all(user_folder(user)):
        first = sources.setdefault(source.id, source)
        if first is not source:
            message = f"the id is taken by {first.name}; give this file another name"
            faults.append(Fault(source.name, None, "", source.id, message))
    if faults:
        raise CatalogError(faults)
    return dict(sorted(sources.items()))


def user_folder(user: Path | str | None = None) -> Path | None:
    """The user's catalog folder, or None."""
    named = user or os.environ.get(USER_VARIABLE)
    return Path(named).expanduser() if named else None


def find_source(entry_id: str, sources: dict[str, Source]) -> Source:
    """The file of an entry.

    Raises:
        CatalogError: there is no such entry.
    """
    check_known(entry_id, sources)
    return sources[entry_id]


def check_known(entry_id: str, known: Iterable[str]) -> None:
    """Refuse an id that is not among the known ones.

    Raises:
        CatalogError: there is no such entry.
    """
    known = list(known)
    if entry_id not in known:
        allowed, near = "an id that `bestiary list` shows", nearest(entry_id, known)
        raise refusal(None, "", "unknown entry", value=entry_id, allowed=allowed, suggestion=near)


def nearest(entry_id: object, known: Iterable[str]) -> str | None:
    """The id nearest to a word; a variant may be meant by its name alone."""
    names = {name.removeprefix(f"{VARIANTS}/"): name for name in known}
    near = did_you_mean(str(entry_id).removeprefix(f"{VARIANTS}/"), names)
    return names[near] if near else None


def _all(user: Path | None) -> Iterator[Source]:
    yield from _tree(BUILT_IN, built_in=True)
    if user is None:
        return
    if not user.is_dir():
        raise refusal(
            Mark(str(user), 0), "", f"the catalog folder is missing; it comes from --catalog or {USER_VARIABLE}"
        )
    yield from _files(user, None, built_in=False)
    yield from _tree(user, built_in=False)


def _tree(home: Path, *, built_in: bool) -> Iterator[Source]:
    for stack in STACK_FOLDERS:
        yield from _files(home / stack, stack, built_in=built_in)
    yield from _files(home / VARIANTS, None, f"{VARIANTS}/", built_in=built_in)


def _files(folder: Path, stack: str | None, prefix: str = "", *, built_in: bool) -> Iterator[Source]:
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith("."))
    except FileNotFoundError:
        return
    for name in names:
        if name.endswith((".yaml", ".yml")):
            yield Source(prefix + name.rpartition(".")[0], folder / name, stack, built_in)
