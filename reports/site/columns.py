"""The columns of the table of entries, which its filters look into too: facts, figures, traits and parts."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.records import load_records
from reports import numbers
from reports.site.collect import SiteEntry


@dataclass(frozen=True)
class Column:
    """A column by its name in the address; `value` is what it holds of an entry: a text, a number, or a list of kinds.

    `shown` columns stand in the table from the start, where there is room; `narrow` ones on a small screen too.
    """

    key: str
    title: str
    value: Callable[[SiteEntry], Any]
    shown: bool = False
    narrow: bool = False
    number: bool = False

    def text(self, entry: SiteEntry) -> str:
        found = self.value(entry)
        if self.number:
            return numbers.short(found)
        if isinstance(found, list):
            return ", ".join(found).replace("_", " ") or numbers.NONE
        return str(found or numbers.NONE)


def title(key: str) -> str:
    return "FFN" if key == "ffn" else key.replace("_", " ").capitalize()


def choices(entries: Sequence[SiteEntry]) -> dict[str, list[tuple[str, int]]]:
    """What a filter may ask for, with the number of entries that have it, most used first: lists, traits, each axis."""
    listed = {column.key: column.value for column in COLUMNS if column.key in ("stack", "list", "trait")}
    axes = {sort: _kinds(sort) for sort in load_records()}
    counted = {key: Counter(kind for entry in entries for kind in of(entry)) for key, of in {**listed, **axes}.items()}
    return {key: sorted(found.items(), key=lambda pair: (-pair[1], pair[0])) for key, found in counted.items()}


def _kinds(sort: str) -> Callable[[SiteEntry], Any]:
    return lambda entry: entry.row.get("kinds", {}).get(sort, [])


def _parts(entry: SiteEntry) -> list[str]:
    return [f"{sort} {kind}" for sort, kinds in entry.row.get("kinds", {}).items() for kind in kinds]


def _stack(entry: SiteEntry) -> list[str]:
    """As `list --stack` has it: the baselines of every stack are a choice of their own too."""
    return [entry.row["stack"], *(["baseline"] if entry.row.get("baseline") else [])]


def _fact(name: str) -> Callable[[SiteEntry], Any]:
    return lambda entry: entry.row.get(name)


COLUMNS = (
    Column("name", "Name", _fact("name"), shown=True, narrow=True),
    Column("date", "Date", _fact("date"), shown=True, narrow=True),
    Column("stack", "Stack", _stack, shown=True),
    Column("parameters", "Parameters", lambda entry: entry.parameters, shown=True, narrow=True, number=True),
    Column("change", "What it changed", _fact("change"), shown=True, narrow=True),
    Column("lab", "Lab", _fact("lab"), shown=True),
    Column("list", "Listed as", lambda entry: [entry.sort]),
    Column("parent", "Comes from", lambda entry: entry.parent),
    Column("flops", "FLOPs a token", _fact("flops_per_token"), number=True),
    Column("cache", "Cache bytes a token", _fact("cache_bytes_per_token"), number=True),
    Column("trait", "Traits", lambda entry: list(entry.row.get("traits", ()))),
    Column("parts", "Parts", _parts),
    Column("id", "Id", _fact("id")),
    Column("licence", "Licence", _fact("licence")),
    Column("corpus", "Corpus", _fact("corpus")),
    Column("objective", "Objective", _fact("objective")),
    Column("application", "Application", _fact("application")),
)
