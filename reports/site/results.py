"""What finished comparisons of a ledger say of an entry: one line a table in which it took part."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.ledger import Ledger, files
from reports.ledger_reader import optional
from reports.records import Record


@dataclass(frozen=True)
class Result:
    """`arm` is the entry's name in the table; `sentences` are those that name it."""

    sweep: str
    title: str
    metric: str
    arm: str
    mean: float | None
    ci: tuple[float, float] | None
    k_of_n: str
    tier: int | None
    sentences: tuple[str, ...]


def results(ledger: Path | None) -> dict[str, list[Result]]:
    """Results by entry, for the sweeps of a ledger that were compared.

    Raises:
        BadLedger: the folder is no ledger, or a record in it cannot be read.
    """
    if ledger is None:
        return {}
    found: dict[str, list[Result]] = {}
    for folder in sorted((Ledger.open(ledger).root / "sweeps").glob("*")):
        if (folder / "comparison.json").is_file() and (folder / "plan.json").is_file():
            for entry, result in _of_sweep(folder):
                found.setdefault(entry, []).append(result)
    return found


def _of_sweep(folder: Path) -> Iterator[tuple[str, Result]]:
    plan, comparison = files.read_json(folder / "plan.json"), optional(folder / "comparison.json", {})
    compared = {table["id"]: table for table in comparison.get("tables", [])}
    for table in plan["tables"]:
        for arm in compared.get(table["id"], {}).get("arms", []):
            planned = table["variants"].get(arm["name"])
            if planned:
                yield planned["entry"], _result(folder.name, compared[table["id"]], arm)


def _result(sweep: str, table: Record, arm: Record) -> Result:
    low_high = (arm["ci"][0], arm["ci"][1]) if arm["ci"] else None
    name = re.compile(rf"(?<![\w-]){re.escape(arm['name'])}(?![\w-])")  # `transformer` is not `transformer-pre-ln`
    told = tuple(text for text in table["sentences"] if name.search(text) and not text.startswith(("Tiers", "A/A")))
    return Result(
        sweep, table["title"], table["metric"], arm["name"], arm["mean"], low_high, arm["k_of_n"], arm["tier"], told
    )
