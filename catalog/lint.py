"""What holds for all of the catalog's own entries: ids, dates along descent, licences, counts, no fact forgotten."""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from catalog.access import check_entry
from catalog.built import parameters
from catalog.entries import Catalog, Entry, sized_model
from catalog.errors import CatalogError, Fault, Faults
from catalog.folders import VARIANTS
from catalog.listing import announced
from catalog.located import mark_of
from catalog.resolution import resolve_model, spec_hash
from catalog.yaml_loader import load_file

LICENCES = Path(__file__).parent / "licences.yaml"
COMPLETE = ("lab", "licence", "corpus", "objective", "application")
ROUNDING = 0.01
_ID = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")


def lint() -> list[Fault]:
    """What is wrong with the catalog's own entries; those of a user's folder may keep other rules."""
    catalog = Catalog()
    return [fault for name, source in catalog.sources.items() if source.built_in for fault in lint_entry(catalog, name)]


def lint_entry(catalog: Catalog, name: str) -> list[Fault]:
    """What is wrong with one entry."""
    try:
        entry = catalog.entry(name)
        check_entry(entry)
        descent = catalog.descent(name)
    except CatalogError as error:
        return error.faults
    faults = Faults()
    _check_id(entry, faults)
    _check_licence(entry, faults)
    _check_counts(entry, faults)
    # A variant is one change to a small baseline: older than it, perhaps, and given out by nobody but in its paper.
    if name.startswith(f"{VARIANTS}/"):
        _check_month(entry, faults)
    else:
        _check_dates(catalog, descent, faults)
        _check_complete(entry, faults)
    return list(faults)


@lru_cache(maxsize=1)
def licences() -> list[str]:
    """The licences that an entry may name."""
    return [name for names in load_file(LICENCES, LICENCES.name).values() for name in names]


def _check_id(entry: Entry, faults: Faults) -> None:
    if not _ID.fullmatch(entry.id.removeprefix(f"{VARIANTS}/")):
        allowed = "small letters and digits, joined by single dots and hyphens"
        faults.add(mark_of(entry.raw), "id", "does not read as an id", value=entry.id, allowed=allowed)


def _check_dates(catalog: Catalog, descent: list[str], faults: Faults) -> None:
    child, *parents = [catalog.raw(name) for name in descent[:2]]
    for parent in parents:
        if child["date"][:7] < parent["date"][:7]:
            message = f"is before that of {descent[1]}, which it descends from"
            faults.add(
                mark_of(child, "date"), "date", message, value=child["date"], allowed=f"from {parent['date']} on"
            )


def _check_month(entry: Entry, faults: Faults) -> None:
    number = re.search(r"arxiv\.org/abs/(\d\d)(\d\d)\.", entry.raw["paper"]["url"])
    month = f"20{number[1]}-{number[2]}" if number else None
    if month and not entry.raw["date"].startswith(month):
        where = mark_of(entry.raw, "date")
        faults.add(where, "date", "is not the month of its paper", value=entry.raw["date"], allowed=month)


def _check_licence(entry: Entry, faults: Faults) -> None:
    licence = entry.raw.get("licence")
    if licence is not None and re.sub(r" \(.*\)$", "", licence) not in licences():
        allowed = f"one of {LICENCES.name}, where a new one belongs too"
        faults.add(mark_of(entry.raw, "licence"), "licence", "is not in the list", value=licence, allowed=allowed)


def _check_complete(entry: Entry, faults: Faults) -> None:
    for name in COMPLETE:
        if entry.raw.get(name) is None and name not in entry.raw.get("unverified", ()):
            message = "must be given, or named under `unverified`"
            faults.add(mark_of(entry.raw), name, message)


def _check_counts(entry: Entry, faults: Faults) -> None:
    if entry.model:
        excused = entry.raw.get("differs", {})
        counts = {**entry.raw.get("announced", {}), **entry.raw.get("published", {})}
        for size, text in counts.items():
            for message in _count_faults(entry, size, text, size in excused):
                field = "published" if isinstance(text, int) else "announced"
                faults.add(mark_of(entry.raw.get(field), size), f"{field}.{size}", message, value=text)


def _count_faults(entry: Entry, size: str, said: int | str, excused: bool) -> Iterator[str]:
    built = parameters(spec_hash(resolve_model(sized_model(entry, size), check=False)))
    if built is None:
        yield "was not built since it last changed; run `python -m variants.index`"
    elif isinstance(said, int):
        if built != said:
            yield f"but {built:,} parameters are built"
    elif (far := abs(built / (announced(said) or 1) - 1) > ROUNDING) and not excused:
        yield f"but {built:,} parameters are built, {ROUNDING:.0%} or more apart; `differs` may say why"
    elif excused and not far:
        yield f"{built:,} parameters are built, so that `differs` has nothing to excuse"
