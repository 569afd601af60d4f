"""The budget table: what was matched and how closely, and the budgets that were not."""

from functools import partial

from reports import numbers
from reports.records import Record, Table
from reports.sheets.arm import arm_column, arm_row
from reports.sheets.sheet import Column, Sheet

VIEWS = {"non_embedding_params": "non-embedding parameters", "flops": "training FLOPs"}


def view_name(table: Table) -> str:
    view = str(table.plan.get("budget", {}).get("view", "nothing"))
    return VIEWS.get(view, view.replace("_", " "))


def budget_sheet(table: Table) -> Sheet:
    budget = table.plan.get("budget", {})
    target = budget.get("target")
    matched = f"{numbers.count(target)} {view_name(table)}" if target else view_name(table)
    caption = f"Matched: {matched}. The other budgets are printed, not matched; seconds and memory stand under costs"
    return Sheet("budget", caption, columns(table), [budget_row(table, name) for name in table.arms])


def budget_row(table: Table, name: str) -> Record:
    variant = table.plan["variants"].get(name, {})
    parameters = variant.get("parameters") or {}
    train = table.plan.get("train") or {}
    return arm_row(table, name) | {
        "entry": variant.get("entry"),
        "residual": (table.plan.get("budget", {}).get("residual") or {}).get(name),
        "non_embedding": parameters.get("non_embedding"),
        "embedding": parameters.get("embedding"),
        "total": parameters.get("total"),
        "flops_per_token": variant.get("flops_per_token"),
        "steps": train.get("steps"),
        "batch_size": train.get("batch_size"),
    }


def columns(table: Table) -> list[Column]:
    return [
        arm_column(table),
        Column("entry", "Entry"),
        Column("non_embedding", "Non-embedding", numbers.count, numeric=True),
        Column("residual", "Off target", partial(numbers.percent, decimals=2), numeric=True),
        Column("embedding", "Embedding", numbers.count, numeric=True),
        Column("total", "Total", numbers.count, numeric=True),
        Column("flops_per_token", "FLOPs per token", numbers.count, numeric=True),
        Column("steps", "Steps", numbers.count, numeric=True),
        Column("batch_size", "Batch", numbers.count, numeric=True),
    ]
