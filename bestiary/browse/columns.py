"""The columns of `bestiary list`: which there are, which are shown, and what stands in a cell."""

from collections.abc import Iterable
from typing import Any

from bestiary.browse.speech import leaf
from bestiary.table import short_count

ALIASES = {"params": "parameters", "flops": "flops_per_token", "cache": "cache_bytes_per_token"}
NARROW = ("id", "year", "params", "change")
WIDE = ("id", "date", "stack", "params", "extends", "change")
ROOM = 110  # letters of a terminal from which on the wide columns are shown
Row = dict[str, Any]


def chosen_columns(asked: str | None, rows: Iterable[Row], room: int) -> list[str]:
    """The columns that were asked for, or those that fit; `room` 0 is a pipe, which is as wide as one likes.

    Raises:
        CatalogError: there is no such column.
    """
    if asked is None:
        return list(NARROW if 0 < room < ROOM else WIDE)
    from catalog.errors import did_you_mean, refusal
    from catalog.filters import keys

    names = [name.strip() for name in asked.split(",") if name.strip()]
    known = [*ALIASES, "paper", "file", *keys(rows)]
    for name in names:
        if name not in known:
            near = did_you_mean(name, known)
            raise refusal(None, "--columns", "unknown column", value=name, allowed=", ".join(known), suggestion=near)
    return names if "id" in names else ["id", *names]


def cell(row: Row, column: str) -> str:
    """What a row holds of a column."""
    from catalog.filters import count_of, value_of
    from catalog.sizes import name_of

    if column == "id":
        return name_of(row)
    key = ALIASES.get(column, column)
    if column in ("params", "flops"):
        return short_count(count_of(row, key))
    if column == "year":
        return str(row.get("year") or "-")
    return leaf(value_of(row, key)) if key not in ("paper", "file") else leaf(row.get(key))
