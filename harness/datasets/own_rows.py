"""Rows of a user's own data: the fields asked for, of lines of a TSV or JSONL file or of rows at Hugging Face."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.datasets.address import Address
from harness.datasets.cards import SPLITS
from harness.datasets.hugging_face import rows_of
from harness.datasets.splitting import cut
from harness.datasets.text_file import read_text

Row = tuple[str, ...]
Numbered = tuple[int, Any]
TOLD = 5
ALL = "all"


class BadLine(ValueError):
    """What is wrong with one line."""


@dataclass(frozen=True)
class Asked:
    """The names of the fields, whether a person wrote them, and what the last one may hold."""

    names: tuple[str, ...]
    by_name: bool
    several: bool
    numeric: bool


def read_rows(
    where: Address, fields: Sequence[str], several: bool = False, numeric: bool = False
) -> tuple[dict[str, list[Row]], list[str]]:
    """The values of the fields, row by row: under the splits that the data has itself, or under `all`; with notes.

    With `several` a row may end in more values of the last field: several right targets. With `numeric` the last field
    holds a finite number.

    Raises:
        ValueError: the data are not there or cannot be read; bad lines are told with file and number.
    """
    asked = Asked(tuple(where.names(fields)), bool(where.given), several, numeric)
    if where.is_online:
        return _online(where, asked)
    path = Path(where.place)
    if path.is_dir():
        return {split: _read(_only(path, split), asked) for split in SPLITS}, []
    return {ALL: _read(path, asked)}, []


def suffixes() -> tuple[str, ...]:
    """The endings of the files that hold rows."""
    return tuple(READERS)


def _online(where: Address, asked: Asked) -> tuple[dict[str, list[Row]], list[str]]:
    """A test set that was published stays whole, and a validation set that was not is cut from training."""
    found = rows_of(where)
    wanted = [split for split in SPLITS if split in found] if {"train", "test"} <= set(found) else list(found)
    parts = {split: _rows(enumerate(found[split], 1), f"{where.place}: {split}", asked) for split in wanted}
    left = [split for split in found if split not in wanted]
    notes = [f"splits of the data that were not read: {', '.join(left)}"] if left else []
    if set(parts) == set(SPLITS):
        return parts, notes
    if set(parts) == {"train", "test"}:
        val, train = cut(parts["train"], lambda row: row[0])
        return {"train": train, "val": val, "test": parts["test"]}, [*notes, "validation was cut from training"]
    if len(parts) > 1:
        notes.append(f"splits of the data, of which none is a test, were joined and cut anew: {', '.join(parts)}")
    return {ALL: [row for rows in parts.values() for row in rows]}, notes


def _only(folder: Path, split: str) -> Path:
    found = [folder / f"{split}{suffix}" for suffix in READERS if (folder / f"{split}{suffix}").is_file()]
    if len(found) != 1:
        allowed = ", ".join(f"{name}{suffix}" for name in SPLITS for suffix in READERS)
        raise ValueError(
            f"data: {folder} must hold one file for each split (got {len(found)} of {split}; of: {allowed})"
        )
    return found[0]


def _read(path: Path, asked: Asked) -> list[Row]:
    if path.suffix not in READERS:
        raise ValueError(
            f"data: {path} holds no rows (got {path.suffix or 'no ending'}; allowed: {', '.join(READERS)})"
        )
    text = read_text(path).decode()
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    return _rows(READERS[path.suffix](lines, path, asked), path, asked)


def _tsv(lines: list[Numbered], path: Path, asked: Asked) -> Iterator[Numbered]:
    """Columns by the names in the first line, when it holds them; else those at the start of each line."""
    header = lines[0][1].split("\t")
    missing = [name for name in asked.names if name not in header]
    if missing and asked.by_name:
        raise ValueError(f"data: {path}:1: has no column {', '.join(missing)} (got {', '.join(header)})")
    for number, line in lines if missing else lines[1:]:
        cells = line.split("\t")
        if missing:
            yield number, cells
        elif len(cells) != len(header):
            yield number, BadLine(f"{_columns(len(cells))}, and the first line has {len(header)}")
        else:
            yield number, dict(zip(header, cells, strict=True))


def _jsonl(lines: list[Numbered], path: Path, asked: Asked) -> Iterator[Numbered]:
    for number, line in lines:
        try:
            record = json.loads(line, object_pairs_hook=_once)
        except BadLine as error:
            record = error
        except (ValueError, RecursionError) as error:
            record = BadLine(f"is no JSON: {error}")
        yield number, BadLine("is no JSON object") if isinstance(record, list) else record


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        twice = next(name for name, _ in pairs if sum(name == other for other, _ in pairs) > 1)
        raise BadLine(f"has the field {twice} twice")
    return record


READERS: dict[str, Callable[[list[Numbered], Path, Asked], Iterator[Numbered]]] = {".tsv": _tsv, ".jsonl": _jsonl}


def _rows(found: Iterable[Numbered], where: Any, asked: Asked) -> list[Row]:
    """Rows from records, lists of cells, or faults; all bad lines are counted and the first few told."""
    rows, bad = [], []
    for number, record in found:
        try:
            rows.append(_values(record, asked))
        except BadLine as error:
            bad.append(f"data: {where}:{number}: {error}")
    if bad:
        more = [f"data: {where}: and {len(bad) - TOLD} more bad lines"] if len(bad) > TOLD else []
        raise ValueError("\n".join([*bad[:TOLD], *more]))
    return rows


def _values(record: Any, asked: Asked) -> Row:
    if isinstance(record, BadLine):
        raise record
    cells = record if isinstance(record, list) else [cell for name in asked.names for cell in _field(record, name)]
    if len(cells) < len(asked.names) or (len(cells) > len(asked.names) and not asked.several):
        raise BadLine(f"{_columns(len(cells))}, needs {len(asked.names)}: {', '.join(asked.names)}")
    if not all(cell.strip() for cell in cells):
        raise BadLine("an empty value")
    if asked.numeric and not _is_number(cells[-1]):
        raise BadLine(f"{asked.names[-1]} is no number (got {cells[-1]!r})")
    return tuple(cells)


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _columns(count: int) -> str:
    return f"{count} column{'s' * (count != 1)}"


def _field(record: Any, name: str) -> list[str]:
    """The texts under a name; dots lead into maps."""
    value = record
    for step in [name] if isinstance(record, dict) and name in record else name.split("."):
        if not isinstance(value, dict) or step not in value:
            held = ", ".join(map(str, value)) if isinstance(value, dict) else type(value).__name__
            raise BadLine(f"has no field {name} (got {held})")
        value = value[step]
    listed = value if isinstance(value, list) else [value]
    if not listed or any(isinstance(item, dict | list) or item is None for item in listed):
        raise BadLine(f"{name} is no text (got {json.dumps(value)[:60]})")
    return [item if isinstance(item, str) else json.dumps(item) for item in listed]
