"""What was declared before the first result was seen, and what of a plan was added or changed after that."""

from __future__ import annotations

from collections.abc import Iterator

from harness.ledger.canonical import Json, identity

# of a table; its titles may change, and so may the place where its data lie
DECLARED = (
    "data",
    "metric",
    "baseline",
    "margin",
    "alpha",
    "train",
    "learning_rates",
    "tuning_seeds",
    "reporting_seeds",
)
OF_A_BUDGET = ("view", "target")


def exploratory(declared: Json, plan: Json) -> dict[str, list[str]]:
    """By table, one sentence for each thing that was not declared before results were seen."""
    before = {table["id"]: table for table in declared["tables"]}
    found = {table["id"]: list(_changes(before.get(table["id"]), table)) for table in plan["tables"]}
    return {name: sentences for name, sentences in found.items() if sentences}


def _changes(before: Json | None, table: Json) -> Iterator[str]:
    if before is None:
        yield "exploratory: this table was added after results were seen"
        return
    for name in DECLARED:
        if before.get(name) != table.get(name):
            yield f"exploratory: {name} was changed after results were seen"
    for name in OF_A_BUDGET:
        if before["budget"].get(name) != table["budget"].get(name):
            yield f"exploratory: budget.{name} was changed after results were seen"
    for name, variant in table["variants"].items():
        known = before["variants"].get(name)
        if known is None:
            yield f"exploratory: {name} was added after results were seen"
        elif _trained(known) != _trained(variant):
            yield f"exploratory: {name} was changed after results were seen"
    for name in before["variants"]:
        if name not in table["variants"]:
            yield f"exploratory: {name} was declared and then left out"


def _trained(variant: Json) -> Json:
    return identity({name: variant.get(name) for name in ("spec", "steps", "init_from")})
