"""The sizes of entries: rows of the index with one row for each size, and the name of an entry at a size."""

from collections.abc import Iterable, Iterator

from catalog.figures import figures
from catalog.listing import Row


def by_size(rows: Iterable[Row]) -> list[Row]:
    """A row for each size of each entry, the one that changes nothing first."""
    return [sized for row in rows for sized in _sizes(row)]


def name_of(row: Row) -> str:
    """The name by which `show` and `diff` know a row: `id`, or `id@size` where the size changes the model."""
    return f"{row['id']}@{row['size']}" if row.get("is_resized") else str(row["id"])


def split(name: str) -> tuple[str, str | None]:
    """Id and size of `id@size`; the size is None where none is named."""
    entry, _, size = name.partition("@")
    return entry, size or None


def _sizes(row: Row) -> Iterator[Row]:
    yield row
    for size in row.get("at_sizes", ()):
        sized = {**row, **size, "is_resized": True}
        yield {**sized, **figures(sized)}
