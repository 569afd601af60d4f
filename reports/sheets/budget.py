"""The budget table: what was matched and how closely, and the budgets that were not."""

import math
from functools import partial

from reports import numbers
from reports.records import Record, Table
from reports.sheets.arm import arm_column, arm_row
from reports.sheets.sheet import Column, Sheet

VIEWS = {
    "non_embedding_params": "non-embedding parameters",
    "flops": "training FLOPs",
    "seconds": "seconds of training",
    "memory": "bytes of training memory, estimated",
}


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
    variant, train = table.plan["variants"][name], table.plan.get("train") or {}
    steps, tokens, flops = variant.get("steps"), variant.get("tokens_per_step"), variant.get("flops_per_token")
    spec = variant.get("spec") or {}
    return (
        arm_row(table, name)
        | {key: (variant.get("parameters") or {}).get(key) for key in ("non_embedding", "embedding", "total")}
        | {"entry": variant.get("entry"), "d_model": spec.get("d_model"), "n_layers": layers(spec)}
        | {"residual": (table.plan.get("budget", {}).get("residual") or {}).get(name)}
        | {"steps": steps, "batch_size": train.get("batch_size"), "flops_per_token": flops}
        | {"tokens": product(steps, tokens), "flops": product(steps, tokens, flops)}
    )


def layers(spec: Record) -> str | None:
    """Layers of the encoder and of the decoder, as far as there are such."""
    found = [spec[stack]["n_layers"] for stack in ("encoder", "decoder") if spec.get(stack)]
    return " + ".join(map(str, found)) or None


def product(*factors: float | None) -> float | None:
    """The product, None where a factor is not known."""
    known = [factor for factor in factors if factor is not None]
    return math.prod(known) if len(known) == len(factors) else None


def columns(table: Table) -> list[Column]:
    return [
        arm_column(table),
        Column("entry", "Entry"),
        Column("d_model", "Width", numeric=True),
        Column("n_layers", "Layers", numeric=True),
        Column("non_embedding", "Non-embedding", numbers.count, numeric=True),
        Column("residual", "Off target", partial(numbers.percent, decimals=2), numeric=True),
        Column("embedding", "Embedding", numbers.count, numeric=True),
        Column("total", "Total", numbers.count, numeric=True),
        Column("flops", "Training FLOPs", flops_text, True, ("flops_per_token",)),
        Column("tokens", "Tokens", numbers.count, numeric=True),
        Column("steps", "Steps × batch", steps_text, True, ("batch_size",)),
    ]


def flops_text(flops: float | None, per_token: float | None) -> str:
    return numbers.rate(flops, 2)


def steps_text(steps: int | None, batch_size: int | None) -> str:
    return f"{numbers.count(steps)} × {numbers.count(batch_size)}"
