"""Files that are whole or absent: atomic writes, appended lines, reads that survive a torn last line."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from harness.ledger.canonical import Json, canonical, finite, readable
from harness.ledger.errors import BadLedger, storage


def write_text(path: Path, text: str, durable: bool = True) -> None:
    """Replace `path` in one step; after a crash the file holds the old text or the new, never a part.

    `durable` waits until the disk has it; progress notes do without.

    Raises:
        StorageFault: the disk is full or cannot be written; the old file is untouched.
    """
    with storage(path):
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fchmod(file.fileno(), 0o644)
                if durable:
                    os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        if durable:
            sync_folder(path.parent)


def write_json(path: Path, value: Any, durable: bool = True) -> None:
    """Write `value` in the form record files have."""
    write_text(path, readable(value), durable)


def read_json(path: Path) -> Any:
    """The value in `path`.

    Raises:
        BadLedger: the file is not JSON.
        FileNotFoundError: there is no such file.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadLedger(f"{path} is not valid JSON ({error}); move it away and run the same command again") from error


def read_record(path: Path) -> Json:
    """The record in `path`.

    Raises:
        BadLedger: the file is not JSON, or holds something else.
        FileNotFoundError: there is no such file.
    """
    record = read_json(path)
    if not isinstance(record, dict):
        raise BadLedger(f"{path} holds no record; move it away and run the same command again")
    return record


def append_line(path: Path, value: Json) -> None:
    """Add one JSON line to `path`; a torn line that a crash left behind is closed first."""
    with storage(path), path.open("ab+") as file:
        size = file.seek(0, os.SEEK_END)
        torn = False
        if size:
            file.seek(size - 1)
            torn = file.read(1) != b"\n"
        file.write((b"\n" if torn else b"") + canonical(finite(value)).encode() + b"\n")


def read_lines(path: Path) -> list[Json]:
    """The JSON lines of `path` in order, without those that a crash tore; none when there is no file."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    lines = []
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            lines.append(value)
    return lines


def make_folder(path: Path) -> None:
    """Create `path` and its parents, where missing."""
    with storage(path):
        path.mkdir(parents=True, exist_ok=True)


def clear_leftovers(folder: Path) -> None:
    """Remove the unfinished files of a writer that was killed; for whoever holds the folder's lock."""
    with storage(folder):
        for path in folder.glob(".*"):
            if path.is_file():
                path.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """Wait until the disk holds the names in `path`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
