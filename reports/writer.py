"""Writes the report of a sweep: the page, and beside it every figure and table as files of their own."""

from collections.abc import Iterator
from pathlib import Path

from harness import ledger
from harness.comparison import Comparison
from harness.ledger import files
from harness.ledger.errors import storage
from reports.anchors import slug
from reports.figures import table_figures, together_figures
from reports.ledger_reader import optional, read_sweep
from reports.page import Figures, Sheets, render
from reports.records import Record, Sweep
from reports.sheets.budget import budget_sheet
from reports.sheets.costs import costs_sheet, mixed_code, seeds_sheet
from reports.sheets.differences import differences_sheet
from reports.sheets.effects import effects_sheet
from reports.sheets.files import WRITERS, csv_text
from reports.sheets.runs import failed_sheet, runs_sheet
from reports.sheets.sheet import Column, Sheet
from reports.sheets.tiers import tiers_sheet
from reports.sheets.together import together_sheet

SHEETS = (tiers_sheet, differences_sheet, effects_sheet, budget_sheet, failed_sheet, runs_sheet)


def write(sweep_folder: Path, ledger_root: Path, out: Path | None = None) -> Path:
    """Writes `index.html`, `figures/`, `tables/`, `tiers.csv` and `costs.csv` into `out`; returns the page's path.

    `out` is the sweep's own `report/` when not given. From the same ledger all bytes are the same, except for
    `costs.csv` and the page's section `costs`, which tell of seconds, memory and machines.

    Raises:
        BadLedger: there is no plan in the folder, or a record cannot be read.
        StorageFault: the report cannot be written.
    """
    out = out or sweep_folder / "report"
    sweep = read_sweep(sweep_folder, ledger_root)
    sheets = {table.id: {sheet.name: sheet for sheet in (make(table) for make in SHEETS)} for table in sweep.tables}
    figures = {table.id: table_figures(table) for table in sweep.tables}
    for together in sweep.together:
        sheets[together.id] = {"together": together_sheet(together)}
        figures[together.id] = together_figures(together)
    costs = read_costs(sweep, sweep_folder, ledger_root)
    page = render(sweep, sheets, figures, costs)
    for path, content in contents(sweep, sheets, figures, costs):
        place(out / path, content)
    place(out / "index.html", page.encode())
    return out / "index.html"


def read_costs(sweep: Sweep, sweep_folder: Path, ledger_root: Path) -> Record:
    """What differs from machine to machine: the sheets of costs, and how many runs the latest launch took over."""
    found = {run.id: ledger.Run(ledger_root / "store" / run.id).costs() for run in sweep.runs}
    return {
        "tables": {table.id: costs_sheet(table, found) for table in sweep.tables},
        "mixed": {table.id: mixed_code(table, found) for table in sweep.tables},
        "seeds": {table.id: seeds_sheet(table, found) for table in sweep.tables},
        "counts": optional(sweep_folder / "counts.json", {}),
    }


def contents(sweep: Sweep, sheets: Sheets, figures: Figures, costs: Record) -> Iterator[tuple[str, bytes]]:
    """(path, content) of every file beside the page."""
    for name in sheets:
        for drawn in figures[name]:
            yield from drawn.files()
        for sheet in sheets[name].values():
            for ending, written in WRITERS.items():
                yield f"tables/{slug(name)}-{sheet.name}.{ending}", written(sheet).encode()
    compared = [table.comparison for table in sweep.tables if table.comparison]
    yield "tiers.csv", Comparison({"tables": compared}).to_csv().encode()
    yield "costs.csv", joined(costs["tables"]).encode()


def joined(sheets: dict[str, Sheet]) -> str:
    """One CSV of the same sheet of all tables, the table's id in front."""
    columns = {column.key: column for sheet in sheets.values() for column in sheet.written}
    rows = [{"table": name} | row for name, sheet in sheets.items() for row in sheet.rows]
    return csv_text(Sheet("joined", "", [Column("table", "Table"), *columns.values()], rows))


def place(path: Path, content: bytes) -> None:
    files.make_folder(path.parent)
    with storage(path):
        path.write_bytes(content)
