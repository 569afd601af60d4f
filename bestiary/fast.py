"""The quick commands `list`, `show` and `diff`: they read the catalog and load nothing heavy."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bestiary import views
from bestiary.arguments import Arguments, Usage, read
from bestiary.failures import BAD_INPUT, OK
from bestiary.table import printable

CATALOG = "--catalog"
USAGES = {
    "list": Usage(
        "list",
        options=("--stack", "--filter", "--search", "--sort", CATALOG),
        flags=("--json", "--csv"),
        help="List the entries of the catalog.\n\n"
        "  --stack S         encoder, decoder, encoder_decoder, baseline or other\n"
        "  --filter K=V      a fact, kind or dimension: norm=rms_norm, year>=2020, n_heads=12; repeatable\n"
        "  --search TEXT     entries that contain every word\n"
        "  --sort K          id, date, parameters or any other key; -K turns it round\n"
        "  --catalog DIR     add the entries of a folder of your own (or set BESTIARY_CATALOG)\n"
        "  --json, --csv     for programs",
    ),
    "show": Usage(
        "show",
        positional=("ID",),
        options=("--size", CATALOG),
        help="Show one entry: facts, blocks, sizes, parameters.",
    ),
    "diff": Usage(
        "diff",
        positional=("A", "B"),
        options=(CATALOG,),
        help="Show what differs between two entries; ID@SIZE names an entry at one of its sizes.",
    ),
}
CSV_COLUMNS = (
    "id",
    "name",
    "date",
    "stack",
    "extends",
    "parameters",
    "lab",
    "licence",
    "corpus",
    "objective",
    "change",
)


def run(command: str, argv: Sequence[str]) -> int:
    """Run a quick command and return its exit code.

    Raises:
        ValueError: the arguments are wrong.
        CatalogError: an entry is unknown or wrong.
    """
    usage = USAGES[command]
    if "-h" in argv or "--help" in argv:
        _say([f"usage: {usage.line}", "", usage.help])
        return OK
    return _COMMANDS[command](read(usage, argv))


def list_entries(given: Arguments) -> int:
    """Print the entries that meet every condition; entries that cannot be read are told on stderr."""
    from catalog.filters import by_condition, by_stack, by_words, in_order
    from catalog.listing import index

    rows = index(given.last(CATALOG))
    for stack in given.values.get("--stack", []):
        rows = by_stack(rows, stack)
    for condition in given.values.get("--filter", []):
        rows = by_condition(rows, condition)
    for text in given.values.get("--search", []):
        rows = by_words(rows, text)
    for key in given.values.get("--sort", [])[-1:]:
        rows = in_order(rows, key)
    _print_rows(rows, given)
    faulty = [fault for row in rows for fault in row.get("faults", ())]
    for fault in faulty:
        print(f"error: {fault}", file=sys.stderr)
    return BAD_INPUT if faulty else OK


def show_entry(given: Arguments) -> int:
    """Print one entry."""
    from catalog.cards import show

    card = show(given.positional[0], given.last("--size"), user=given.last(CATALOG))
    if "--json" in given.flags:
        _say_json(card)
    else:
        _say(views.card(card))
    return OK


def diff_entries(given: Arguments) -> int:
    """Print what differs between two entries."""
    from catalog.comparing import diff

    found = diff(*given.positional, user=given.last(CATALOG))
    if "--json" in given.flags:
        _say_json(found)
    else:
        _say(views.difference(found))
    return OK


_COMMANDS: dict[str, Callable[[Arguments], int]] = {"list": list_entries, "show": show_entry, "diff": diff_entries}


def _print_rows(rows: list[dict[str, Any]], given: Arguments) -> None:
    if "--json" in given.flags:
        _say_json(rows)
    elif "--csv" in given.flags:
        import csv

        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        writer.writerows([row.get(column) for column in CSV_COLUMNS] for row in rows)
    elif rows:
        _say(views.rows(rows))
    else:
        print("no entry meets these conditions", file=sys.stderr)


def _say(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(printable(line) + "\n" for line in lines))
    sys.stdout.flush()


def _say_json(value: Any) -> None:
    _say([json.dumps(value, indent=2, ensure_ascii=not (sys.stdout.encoding or "").lower().startswith("utf"))])
