"""The run list: every planned run with state and losses, by arm and purpose; and the failed ones by themselves."""

from functools import partial

from reports import numbers
from reports.anchors import run_anchor, runs_anchor
from reports.records import FAILED, PURPOSES, Record, Run, Table
from reports.sheets.arm import arm_column, arm_row
from reports.sheets.sheet import Column, Sheet


def runs_sheet(table: Table) -> Sheet:
    ordered = sorted(table.runs, key=lambda run: (table.arms.index(run.variant), PURPOSES.index(run.purpose)))
    rows = [run_row(table, run) | {"anchor": run_anchor(table, run)} for run in ordered]
    for row in rows:
        row["group"] = f"{row['arm']}: {row['purpose']}"
        row["group_anchor"] = runs_anchor(table, row["arm"], row["purpose"])
    return Sheet("runs", f"All {len(rows)} runs of this table", columns(), rows)


def failed_sheet(table: Table) -> Sheet:
    rows = [run_row(table, run) for run in table.runs if run.state in FAILED]
    rows = [row | {"failure": row["failure"] or STOPPED[row["state"]]} for row in rows]
    return Sheet(
        "failed", "Runs that failed; a failure counts, it is never dropped from a mean", failed_columns(table), rows
    )


STOPPED = {"diverged": "loss not finite or above the trivial baseline", "oom": "out of memory", "error": "no message"}


def run_row(table: Table, run: Run) -> Record:
    return arm_row(table, run.variant) | {
        "run": run.id, "purpose": run.purpose, "learning_rate": run.learning_rate, "seed": run.seed, "state": run.state,
        "step": run.step, "loss": run.loss, "test_loss": run.test_loss, "target": run_anchor(table, run),
        "failure": run.failure if run.state in FAILED else "",
    }  # fmt: skip


def columns() -> list[Column]:
    return [
        Column("run", "Run"),
        Column("arm", "Arm"),
        Column("purpose", "Purpose"),
        Column("learning_rate", "Rate", numbers.rate, numeric=True),
        Column("seed", "Seed", numeric=True),
        Column("state", "State"),
        Column("step", "Step", numbers.count, numeric=True),
        Column("loss", "Validation loss", partial(numbers.number, decimals=4), numeric=True),
        Column("test_loss", "Test loss", partial(numbers.number, decimals=4), numeric=True),
        Column("failure", "Failure"),
    ]


def failed_columns(table: Table) -> list[Column]:
    kept = ("purpose", "learning_rate", "seed", "state", "step", "failure")
    run = Column("run", "Run", link=lambda row: str(row["target"]))
    return [arm_column(table), run, *(column for column in columns() if column.key in kept)]
