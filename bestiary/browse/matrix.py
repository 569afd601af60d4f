"""`bestiary matrix`: which kinds combine, and why others do not."""

from collections.abc import Iterator, Mapping, Sequence
from string import ascii_lowercase
from typing import Any

from bestiary.arguments import Arguments, Usage
from bestiary.browse.speech import say, say_json
from bestiary.failures import OK
from bestiary.table import bold, paragraph, table, width

USAGE = Usage(
    "matrix",
    positional=("[AXIS]", "[AXIS]"),
    completes={"": "axes"},
    help="Show which kinds combine: for each pair, a small model was resolved, built and run.\n\n"
    "  AXIS              the tables of one axis, or of two: position, mixer, visibility, residual, norm, stack ...\n"
    "  --json            for programs",
)


def run(given: Arguments) -> int:
    """Print the tables that are asked for; without an axis, which there are."""
    from catalog.matrix import choose

    found = choose(given.positional)
    if "--json" in given.flags:
        say_json(found)
    elif given.positional:
        say(line for i, each in enumerate(found) for line in [*([""] if i else []), *_grid(each)])
    else:
        say(_overview(found))
    return OK


def _overview(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    from catalog.matrix import title

    rows = []
    for each in found:
        refused = sum(map(len, each["refused"].values()))
        rows.append([title(each), str(len(each["down"]) * len(each["across"]) - refused), str(refused)])
    yield from table(("kinds", "work", "refused"), rows, right=("work", "refused"))
    yield ""
    yield from paragraph("`bestiary matrix AXIS [AXIS]` shows a table, and why something is refused")


def _grid(found: Mapping[str, Any]) -> Iterator[str]:
    from catalog.matrix import cell, reasons, title

    yield bold(title(found))
    heads = list(found["across"])
    longest = max(map(len, found["down"]))
    if 0 < width() < longest + sum(len(head) + 2 for head in heads):
        letters = [*ascii_lowercase, *(a + b for a in ascii_lowercase for b in ascii_lowercase)]
        heads = letters[: len(heads)]
        legend = ", ".join(f"{head} {name}" for head, name in zip(heads, found["across"], strict=True))
        yield from paragraph(legend)
    rows = [[row, *(cell(found, row, column) for column in found["across"])] for row in found["down"]]
    yield from table((found["rows"], *heads), rows)
    for reason, pairs in reasons(found).items():
        yield from paragraph(f"{reason}: {'; '.join(pairs)}", "· ", "  ")
