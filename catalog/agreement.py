"""What an entry's facts and its model must agree on: its folder, its sizes, what is said where there is no model."""

from collections.abc import Mapping

from catalog.entries import Entry
from catalog.errors import Faults
from catalog.folders import STACK_FOLDERS
from catalog.located import mark_of

STACKS = tuple(folder for folder in STACK_FOLDERS if folder != "baseline")
_INSTEAD = {"extends": "`parent`, which is descent alone", "published": "`announced`"}


def check_agreement(entry: Entry, faults: Faults) -> None:
    """Note where an entry's facts contradict its model, its folder, or that there is no model."""
    _check_folder(entry, faults)
    if entry.model:
        _check_sizes(entry, faults)
        _refuse(entry, ("not_built", "stack"), "is said only where there is no model", faults)
        return
    _refuse(entry, ("extends", "sizes", "reference", "published"), "does nothing where there is no model", faults)
    if "not_built" not in entry.raw:
        faults.add(mark_of(entry.raw), "model", "must be given, or `not_built` with the reason")
    elif "stack" not in entry.raw:
        faults.add(mark_of(entry.raw), "stack", "must be given where there is no model", allowed=", ".join(STACKS))


def _check_folder(entry: Entry, faults: Faults) -> None:
    folder, field = entry.source.stack, "model" if entry.model else "stack"
    if folder not in (None, "baseline", entry.stack) and entry.stack in STACKS:
        message = f"the file lies in {folder}/, but its {field} is {entry.stack}"
        faults.add(mark_of(entry.raw, field), field, message, allowed=f"move it to {entry.stack}/")


def _check_sizes(entry: Entry, faults: Faults) -> None:
    known = ", ".join(entry.sizes) or "none, this entry has no sizes"
    for name in ("published", "announced", "differs"):
        counts = entry.raw.get(name)
        for size in counts if isinstance(counts, Mapping) else ():
            if size not in entry.sizes:
                faults.add(mark_of(counts, size), name, "names no size of this entry", value=size, allowed=known)


def _refuse(entry: Entry, names: tuple[str, ...], message: str, faults: Faults) -> None:
    for name in names:
        if name in entry.raw:
            faults.add(mark_of(entry.raw, name), name, message, allowed=_INSTEAD.get(name))
