"""What a sheet is: rows of plain values, and columns that say how a value is titled, written and linked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from reports.records import Record


def as_text(value: Any) -> str:
    return "–" if value is None or value != value else str(value)


@dataclass(frozen=True)
class Column:
    """`write` makes text of a row's values under `keys`, which a CSV has as columns of their own.

    `link` finds the anchor a row's value leads to, `picture` replaces the text in HTML. A column without a title is a
    picture of the page and stays out of the files.
    """

    key: str
    title: str
    write: Callable[..., str] = as_text
    numeric: bool = False
    also: tuple[str, ...] = ()
    link: Callable[[Record], str] | None = None
    picture: Callable[[Record], Markup] | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key, *self.also)

    def text(self, row: Record) -> str:
        return self.write(*(row.get(key) for key in self.keys))

    def html(self, row: Record) -> Markup:
        shown = self.picture(row) if self.picture else escape(self.text(row))
        anchor = self.link(row) if self.link and (self.picture or row.get(self.key) is not None) else ""
        return Markup('<a href="#{}">{}</a>').format(anchor, shown) if anchor else shown


@dataclass(frozen=True)
class Sheet:
    """`name` is that of its files; of a row, `anchor` is its id on the page and `group` the heading it stands under."""

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Record]

    @property
    def written(self) -> list[Column]:
        return [column for column in self.columns if column.title]

    @property
    def by_key(self) -> dict[str, Column]:
        return {column.key: column for column in self.columns}

    def groups(self) -> list[tuple[str, str, list[Record]]]:
        """(anchor, heading, rows) in order; one group without a heading where rows name none."""
        found: dict[tuple[str, str], list[Record]] = {}
        for row in self.rows:
            found.setdefault((row.get("group_anchor", ""), row.get("group", "")), []).append(row)
        return [(*key, rows) for key, rows in found.items()]
