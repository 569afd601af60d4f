"""Reads one sweep of a ledger into records; never writes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import ledger
from harness.ledger import files
from reports.records import Record, Run, Sweep, Table, Together


def read_sweep(sweep_folder: Path, ledger_root: Path) -> Sweep:
    """The sweep planned in `sweep_folder`, as far as it has run.

    Raises:
        BadLedger: the folder holds no plan, or a record that cannot be read.
    """
    plan = optional(sweep_folder / "plan.json", {})
    if "tables" not in plan:
        raise ledger.BadLedger(
            f"{sweep_folder} holds no plan.json with tables; give the folder of a sweep, runs/sweeps/NAME"
        )
    comparison = optional(sweep_folder / "comparison.json", {})
    compared = {table["id"]: table for table in comparison.get("tables", [])}
    index = optional(sweep_folder / "runs.json", []) or list(index_of_comparison(compared))
    tables = tuple(
        Table(table, compared.get(table["id"], {}), tuple(table_runs(table["id"], index, ledger_root / "store")))
        for table in plan["tables"]
    )
    return Sweep(plan, tables, tuple(read_together(comparison, {table.id: table for table in tables})))


def read_together(comparison: Record, tables: dict[str, Table]) -> Iterator[Together]:
    for kind in ("tasks", "ladders"):
        for record in comparison.get(kind, []):
            yield Together(kind, record, tuple(tables[name] for name in record["tables"]))


def optional(path: Path, default: Any) -> Any:
    """The JSON value in a file, `default` when there is no such file."""
    return files.read_json(path) if path.is_file() else default


def index_of_comparison(compared: dict[str, Record]) -> Iterator[Record]:
    """The runs that a comparison names, for a sweep folder that came without its `runs.json`."""
    for table_id, table in compared.items():
        for arm in table.get("arms", []):
            yield from ({"id": id, "table": table_id, "variant": arm["name"]} for id in arm["run_ids"])
        aa = table.get("aa") or {}
        yield from ({"id": id, "table": table_id, "variant": table["baseline"]} for id in aa.get("run_ids", []))


def table_runs(table_id: str, index: list[Record], store: Path) -> Iterator[Run]:
    seen = set()
    for row in index:
        if row["table"] == table_id and row["id"] not in seen:
            seen.add(row["id"])
            yield read_run(row, ledger.Run(store / row["id"]))


def read_run(row: Record, run: ledger.Run) -> Run:
    """A run from its row of the index and its folder, which is absent as long as the run has not started."""
    status = run.status()
    spec = run.spec() if run.folder.is_dir() else planned_spec(row)
    purpose = "a/a" if spec.get("salt") else str(row.get("purpose", spec["purpose"]))
    return Run(
        id=row["id"],
        variant=row["variant"],
        purpose=purpose,
        spec=spec,
        state=str(status.state),
        step=status.step,
        result=run.result() or {},
        metrics=tuple(run.metrics()),
        failure=failure_line(run.folder / "traceback.txt"),
    )


def planned_spec(row: Record) -> Record:
    """What the index knows of a run that has no folder yet."""
    return {
        "purpose": row.get("purpose", "planned"),
        "seed": row.get("seed"),
        "train": {"learning_rate": row.get("learning_rate")},
    }


def failure_line(path: Path) -> str:
    """The line of a traceback that names the error: the first one behind the frames."""
    if not path.is_file():
        return ""
    lines = [line.rstrip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith((" ", "\t", "Traceback "))]
    return (said or lines or [""])[0]
