"""How a command speaks: what was asked for goes to stdout, everything else to stderr."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bestiary.failures import ReaderGone
from bestiary.table import printable, table


def say(text: str = "") -> None:
    """A line of the answer.

    Raises:
        ReaderGone: whoever read the answer has stopped.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError as error:
        # typer would make a failure of this one
        raise ReaderGone from error


def note(text: str) -> None:
    """A line about the work: not part of the answer."""
    print(text, file=sys.stderr, flush=True)


def say_json(value: Any) -> None:
    """The answer as JSON with keys in a fixed order; a non-finite number is `null`, which JSON can hold."""
    say(json.dumps(finite(value), indent=2, ensure_ascii=False, allow_nan=False))


def finite(value: Any) -> Any:
    """The same value with every number that JSON does not know replaced by None."""
    if isinstance(value, Mapping):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [finite(inner) for inner in value]
    return value


def say_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Rows in aligned columns, under their names."""
    for line in table(columns, [[_cell(row.get(column)) for column in columns] for row in rows]):
        say(printable(line))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    return "-" if value in (None, "") else str(value)
