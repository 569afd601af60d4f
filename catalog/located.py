"""Maps and lists that know the file and line of each of their values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Mark:
    """A file and a line in it, counted from 1; line 0 is a place without lines, such as an override."""

    file: str
    line: int


class LocatedMap(dict[str, Any]):
    """A map whose keys keep the marks of where they were written."""

    def __init__(self, values: Mapping[str, Any] | None = None, mark: Mark | None = None) -> None:
        super().__init__(values or {})
        self.mark = mark
        self.marks: dict[str, Mark] = {}
        if isinstance(values, LocatedMap):
            self.mark = mark or values.mark
            self.marks = dict(values.marks)

    def put(self, key: str, value: Any, mark: Mark | None) -> None:
        """Set a value together with its place."""
        self[key] = value
        self.marks.pop(key, None)
        if mark:
            self.marks[key] = mark


class LocatedList(list[Any]):
    """A list whose items keep the marks of where they were written."""

    def __init__(self, values: list[Any] | None = None, mark: Mark | None = None) -> None:
        super().__init__(values or [])
        self.mark = mark
        self.marks: list[Mark] = []


def mark_of(holder: Any, key: str | int | None = None) -> Mark | None:
    """Where a value of a map or list was written; the holder's own place when the value has none."""
    own: Mark | None = getattr(holder, "mark", None)
    if isinstance(holder, LocatedMap) and isinstance(key, str):
        return holder.marks.get(key, own)
    if isinstance(holder, LocatedList) and isinstance(key, int) and key < len(holder.marks):
        return holder.marks[key]
    return own
