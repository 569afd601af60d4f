"""What a table cost: seconds, tokens per second and memory per arm, where it ran, and the price of more seeds.

The only sheets that are not the same on every machine.
"""

from collections.abc import Mapping
from functools import partial
from statistics import median

from reports import numbers
from reports.records import Record, Table
from reports.sheets.arm import arm_column, arm_row
from reports.sheets.differences import seeds_text
from reports.sheets.sheet import Column, Sheet

Costs = Mapping[str, Record]


def costs_sheet(table: Table, costs: Costs) -> Sheet:
    rows = [cost_row(table, name, costs) for name in table.arms]
    columns = [
        arm_column(table),
        Column("runs", "Runs", numeric=True),
        Column("seconds", "Seconds of training", partial(numbers.number, decimals=1), numeric=True),
        Column("wall_seconds", "Seconds in all", partial(numbers.number, decimals=1), numeric=True),
        Column("sum_seconds", "Sum over runs", partial(numbers.number, decimals=0), numeric=True),
        *pretraining_column(table),
        Column("tokens_per_second", "Tokens per second", numbers.count, numeric=True),
        Column("peak_memory", "Peak memory, MB", numbers.count, numeric=True),
        Column("kernels", "Attention kernels"),
        Column("where", "Device"),
        Column("torch", "torch"),
        Column("code_hash", "Code"),
        Column("resumes", "Resumed", numeric=True),
    ]
    return Sheet(
        "costs", "Medians over an arm’s runs, tuning included; seconds in all include evaluation", columns, rows
    )


def pretraining_column(table: Table) -> list[Column]:
    """Seconds in which weights to start from were made, by the run that came first; none where nobody starts so."""
    if not any("init_from" in variant for variant in table.plan["variants"].values()):
        return []
    return [Column("pretraining_seconds", "Pretraining in that sum", partial(numbers.number, decimals=0), numeric=True)]


def cost_row(table: Table, name: str, costs: Costs) -> Record:
    mine = [costs[run.id] for run in table.runs if run.variant == name and costs.get(run.id)]
    peak = middle(mine, "peak_memory_bytes")
    return arm_row(table, name) | {
        "runs": len(mine),
        "seconds": middle(mine, "seconds"),
        "wall_seconds": middle(mine, "wall_seconds"),
        "sum_seconds": sum(record.get("wall_seconds") or 0 for record in mine),
        "pretraining_seconds": sum(record.get("pretraining_seconds") or 0 for record in mine),
        "tokens_per_second": middle(mine, "tokens_per_second"),
        "peak_memory": None if peak is None else peak / 1e6,
        "kernels": joined(mine, "kernels"),
        "where": joined(mine, "device"),
        "torch": joined(mine, "torch"),
        "code_hash": joined(mine, "code_hash"),
        "resumes": sum(record.get("resumes") or 0 for record in mine),
    }


def mixed_code(table: Table, costs: Costs) -> list[str]:
    """The variants with runs made by other code than the plan's; what two variants use of it differs by nature."""
    planned = {name: {variant["code_hash"]} for name, variant in table.plan["variants"].items()}
    return sorted(name for name in planned if codes_of(table, name, costs) - planned[name])


def codes_of(table: Table, name: str, costs: Costs) -> set[str]:
    mine = [costs.get(run.id, {}).get("code_hash") for run in table.runs if run.variant == name]
    return {str(code) for code in mine if code}


def middle(records: list[Record], key: str) -> float | None:
    values = [float(record[key]) for record in records if record.get(key) is not None]
    return median(values) if values else None


def joined(records: list[Record], key: str) -> str:
    """The different values, sorted; more than one is worth a look."""
    values = [record.get(key) or [] for record in records]
    flat = {str(item) for value in values for item in (value if isinstance(value, list) else [value])}
    return ", ".join(sorted(flat))


def seeds_sheet(table: Table, costs: Costs) -> Sheet:
    """What it would take to show a difference of the size that was seen, for the pairs that are not told apart."""
    rows = [
        seeds_row(table, record, costs)
        for record in table.comparison.get("differences", [])
        if record["seeds_over_cap"] or (record["seeds_needed"] or 0) > table.comparison["n_seeds"]
    ]
    columns = [
        arm_column(table),
        Column("mean", "Difference seen", numbers.signed, numeric=True),
        Column("mdd", "Detectable now", numbers.number, numeric=True),
        Column("seeds_needed", "Seeds needed", seeds_text, True, ("seeds_over_cap",)),
        Column("more_runs", "Runs to add", numbers.count, numeric=True),
        Column("minutes", "Core-minutes", partial(numbers.number, decimals=1), numeric=True),
    ]
    return Sheet("more-seeds", f"More seeds: the price of telling an arm from {table.baseline}", columns, rows)


def seeds_row(table: Table, record: Record, costs: Costs) -> Record:
    kept = {key: record[key] for key in ("mean", "mdd", "seeds_needed", "seeds_over_cap")}
    row = arm_row(table, record["arm"]) | kept
    if record["seeds_needed"] is None:
        return row
    more = int(record["seeds_needed"]) - int(table.comparison["n_seeds"])
    each = [cost_row(table, name, costs)["wall_seconds"] for name in (record["arm"], table.baseline)]
    minutes = None if None in each else more * sum(each) / 60
    return row | {"more_runs": 2 * more, "minutes": minutes}
