"""The runs of a ledger as one table for other programs: CSV, or Parquet where pandas has an engine for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.ledger import Ledger, Row, query
from harness.ledger.errors import storage
from harness.ledger.files import make_folder

if TYPE_CHECKING:
    import pandas as pd


def export(ledger: Ledger, path: Path, sweep: str | None = None) -> int:
    """Write one row for each run, and return how many there are.

    Raises:
        ValueError: the name ends in nothing that is known, or Parquet has no engine here.
        StorageFault: the file cannot be written.
    """
    import pandas as pd

    writer = WRITERS.get(path.suffix)
    if writer is None:
        raise ValueError(f"file: unknown ending (got {path.name!r}; allowed: {', '.join(WRITERS)})")
    rows = [_flat(asdict(row)) for row in query(ledger, sweep=sweep)]
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.part")
    with storage(path):
        try:
            writer(pd.DataFrame(rows, columns=[field.name for field in fields(Row)]), temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    return len(rows)


def _csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False)


def _parquet(table: pd.DataFrame, path: Path) -> None:
    try:
        table.to_parquet(path, index=False)
    except ImportError as error:
        told = "Parquet needs pyarrow, which is not installed: `pip install pyarrow`, or take a name that ends in .csv"
        raise ValueError(f"file: {told}") from error


WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {".csv": _csv, ".parquet": _parquet}


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    return {name: " ".join(value) if isinstance(value, list) else value for name, value in row.items()}
