"""What the shell completes: names read from file names, so that a press of the tab key loads no library."""

import re
from collections.abc import Iterable
from pathlib import Path

from bestiary.arguments import Usage
from bestiary.browse.speech import CATALOG

ROOT = Path(__file__).resolve().parent.parent
PRESETS = ("smoke", "demo", "full")


def entries(incomplete: str) -> list[str]:
    """Catalog entries, those of BESTIARY_CATALOG too."""
    from catalog.errors import CatalogError
    from catalog.folders import find_sources

    try:
        return _starting(incomplete, find_sources())
    except CatalogError:  # a folder that is not there is told by the command itself
        return []


def tasks(incomplete: str) -> list[str]:
    """Kinds of task, as their files register them."""
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "harness" / "tasks").rglob("*.py"))
    return _starting(incomplete, (kind for text in sources for kind in re.findall(r'@TASK\.register\("(\w+)"', text)))


def sweeps(incomplete: str) -> list[str]:
    """Shipped sweep files; a file of the user's own is completed by the shell."""
    return _starting(incomplete, (path.stem for path in (ROOT / "harness" / "sweeps").glob("*.yaml")))


def presets(incomplete: str) -> list[str]:
    return _starting(incomplete, PRESETS)


def runs(incomplete: str) -> list[str]:
    """Ids of the runs in the default ledger."""
    return _starting(incomplete, (path.name for path in Path("runs/store").glob("[!.]*")))


def models(incomplete: str) -> list[str]:
    """Runs and entries."""
    return [*runs(incomplete), *entries(incomplete)]


def stacks(incomplete: str) -> list[str]:
    from catalog.filters import STACKS

    return _starting(incomplete, STACKS)


def traits(incomplete: str) -> list[str]:
    from catalog.traits import TRAITS

    return _starting(incomplete, TRAITS)


def axes(incomplete: str) -> list[str]:
    """Sorts of part, and what the tables of combinations name beside them."""
    from catalog.matrix import tables
    from catalog.records import load_records

    sides = (table[side] for table in tables() for side in ("rows", "columns"))
    return _starting(incomplete, (*load_records(), "traits", *sides))


def keys(incomplete: str) -> list[str]:
    """What `list` sorts by and shows; after a minus or a comma the next one."""
    from bestiary.browse.columns import ALIASES
    from catalog import filters
    from catalog.listing import index

    lead = re.match(r"(?:.*,)?-?", incomplete)
    before = lead[0] if lead else ""
    names = _starting(incomplete[len(before) :], (*ALIASES, *filters.keys(index())))
    return [before + name for name in names]


def conditions(incomplete: str) -> list[str]:
    """The key of a condition, and for a sort of part its kinds."""
    from catalog.records import load_records

    key, equals, kind = incomplete.partition("=")
    if not equals:
        return [f"{name}=" for name in keys(key)]
    return [f"{key}={name}" for name in _starting(kind, load_records().get(key, ()))]


def quick(usage: Usage, words: list[str], incomplete: str) -> list[str]:
    """What completes the next word of a quick command: an option's name, its value, or an argument."""
    last = words[-1] if words else ""
    if incomplete.startswith("-") and last not in usage.options:
        return _starting(incomplete, (*usage.options, *usage.flags))
    if last == "=" and len(words) > 1:  # bash takes `norm=rms` for three words
        lead = f"{words[-2]}="
        return [each.removeprefix(lead) for each in conditions(lead + incomplete)]
    wanted = usage.completes.get(last if last in usage.options else "")
    found: list[str] = globals()[wanted](incomplete) if wanted and last != CATALOG else []
    return found


def _starting(incomplete: str, names: Iterable[str]) -> list[str]:
    return sorted({name for name in names if name.startswith(incomplete)})
