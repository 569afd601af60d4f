"""Ways through a data frame that keep plain types: rows as records, and the part of each arm."""

from collections.abc import Iterator
from typing import Any

from pandas import DataFrame

from reports.records import Record


def records(data: DataFrame) -> list[Record]:
    """The rows as dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in data.to_dict("records")]


def last(data: DataFrame) -> Record:
    return records(data.tail(1))[0]


def arms(data: DataFrame) -> Iterator[tuple[int, str, DataFrame]]:
    """(place, name, rows) of each arm, the baseline first."""
    places: dict[tuple[int, str], None] = dict.fromkeys(zip(data["arm_index"], data["arm"], strict=True))
    for index, name in sorted(places):
        yield int(index), str(name), data[data["arm"] == name]


def values(data: DataFrame, column: str) -> list[Any]:
    return list(data[column])
