"""`bestiary axes`: every axis of variation, its kinds, and the entries that use them."""

from collections.abc import Iterator, Mapping
from typing import Any

from bestiary.arguments import Arguments, Usage
from bestiary.browse.speech import CATALOG, say, say_json
from bestiary.failures import OK
from bestiary.table import bold, paragraph, table

USAGE = Usage(
    "axes",
    positional=("[AXIS]", "[KIND]"),
    options=(CATALOG,),
    completes={"": "axes"},
    help="Show the axes along which models vary.\n\n"
    "  AXIS              one of them: its kinds, and how many entries use each\n"
    "  KIND              one kind: what it does, its options, and the entries that use it\n"
    "  --catalog DIR     add the entries of a folder of your own (or set BESTIARY_CATALOG)\n"
    "  --json            for programs",
)


def run(given: Arguments) -> int:
    """Print all axes, one axis, or one kind of it."""
    from catalog.axes import axes, axis, kind
    from catalog.listing import index
    from catalog.records import load_records

    rows, records = index(given.last(CATALOG)), load_records()
    if not given.positional:
        found: Any = axes(rows, records)
        text = _all(found)
    elif len(given.positional) == 1:
        found = axis(given.positional[0], rows, records)
        text = _axis(found)
    else:
        found = kind(given.positional[0], given.positional[1], rows, records)
        text = _kind(found)
    if "--json" in given.flags:
        say_json(found)
    else:
        say(text)
    return OK


def _all(found: list[Mapping[str, Any]]) -> Iterator[str]:
    for axis in found:
        kinds = ", ".join(f"{kind['kind']} {len(kind['entries'])}" for kind in axis["kinds"])
        yield from paragraph(kinds, f"{axis['axis']:<17}", " " * 17)
    yield ""
    yield from paragraph("a number tells how many entries use the kind; `bestiary axes AXIS` tells more")


def _axis(found: Mapping[str, Any]) -> Iterator[str]:
    rows = [[kind["kind"], str(len(kind["entries"])), kind["doc"]] for kind in found["kinds"]]
    yield from table((found["axis"], "entries", "what it does"), rows, right=("entries",))


def _kind(found: Mapping[str, Any]) -> Iterator[str]:
    yield bold(f"{found['axis']} {found['kind']}")
    yield from paragraph(found["doc"])
    if found["options"]:
        yield from paragraph(", ".join(found["options"]), "  options    ", " " * 13)
    yield from paragraph(", ".join(found["entries"]) or "none", "  entries    ", " " * 13)
