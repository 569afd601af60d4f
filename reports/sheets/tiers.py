"""The tier table: every arm with its mean and interval, best tier first, the trivial baselines below."""

from collections import Counter
from functools import partial

from reports import numbers
from reports.anchors import runs_anchor
from reports.records import Record, Table
from reports.sheets.arm import arm_column, arm_row
from reports.sheets.sheet import Column, Sheet, as_text
from reports.swatch import interval_bar


def tiers_sheet(table: Table) -> Sheet:
    rows = [tier_row(table, name) for name in ranked(table)]
    shown = list(dict.fromkeys(key for row in rows for key in row["shown"]))
    rows = [row | row["shown"] for row in rows] + [
        trivial_row(record) for record in table.comparison.get("trivial", [])
    ]
    return Sheet("tiers", f"Mean held-out loss in {table.metric}; lower is better", columns(table, rows, shown), rows)


def ranked(table: Table) -> list[str]:
    """The arms as the comparison orders them, then those that it does not know yet."""
    known = [arm["name"] for arm in table.compared()]
    return known + [name for name in table.arms if name not in known]


def tier_row(table: Table, name: str) -> Record:
    arm = table.arm(name)
    low, high = arm.get("ci") or (None, None)
    states = Counter(run.state for run in table.select("reporting", name))
    parameters = table.plan["variants"].get(name, {}).get("parameters", {})
    return arm_row(table, name) | {
        "tier": arm.get("tier"), "mean": arm.get("mean"), "low": low, "high": high, "n": arm.get("n"),
        "median": arm.get("median"), "k_of_n": arm.get("k_of_n"), "best_rate": arm.get("best_rate"),
        "untuned": bool(arm.get("untuned")), "non_embedding": parameters.get("non_embedding"),
        "states": ", ".join(f"{count} {state}" for state, count in sorted(states.items())),
        "shown": arm.get("shown") or {},
    }  # fmt: skip


def trivial_row(record: Record) -> Record:
    return {"arm": f"{record['name']} (trivial)", "arm_index": None, "mean": record["loss"], "trivial": True}


def columns(table: Table, rows: list[Record], shown: list[str]) -> list[Column]:
    real = [row for row in rows if not row.get("trivial") and row["low"] is not None]
    decimals = numbers.decimals_for([(row["high"] - row["low"]) / 2 for row in real])
    low, high = min((row["low"] for row in real), default=0.0), max((row["high"] for row in real), default=0.0)
    loss = partial(numbers.number, decimals=decimals)
    scale = partial(interval_bar, low=low, high=high)

    def to(purpose: str, row: Record) -> str:
        return runs_anchor(table, row["arm"], purpose) if row["arm"] in table.arms else ""

    reporting, tuning = partial(to, "reporting"), partial(to, "tuning")
    return [
        arm_column(table),
        Column("tier", "Tier", tier_text, numeric=True),
        Column("mean", "Mean", loss, numeric=True, link=reporting),
        Column("low", "95 % interval", partial(numbers.interval, decimals=decimals), True, ("high",), link=reporting),
        Column(
            "bar", "", picture=lambda row: scale({"arm_index": 0, "mean": None} | row if not row.get("trivial") else {})
        ),
        Column("n", "Seeds", seeds_text, True, ("k_of_n", "states"), link=reporting),
        Column("median", "Median", loss, numeric=True, link=reporting),
        Column("best_rate", "Best rate", best_text, True, ("untuned",), link=tuning),
        *(
            Column(key, key.replace("_", " ").capitalize(), numbers.number, numeric=True, link=reporting)
            for key in shown
        ),
        Column("non_embedding", "Parameters", numbers.count, numeric=True),
    ]


def best_text(rate: float | None, untuned: bool | None) -> str:
    return f"untuned, {numbers.rate(rate)}" if untuned else numbers.rate(rate)


def seeds_text(n: int | None, k_of_n: str | None, states: str) -> str:
    """How many seeds are done, and the states of the others."""
    others = [state for state in (states or "").split(", ") if not state.endswith(" done")]
    return ", ".join([k_of_n or as_text(n), *filter(None, others)])


def tier_text(tier: int | None) -> str:
    return "–" if tier is None else str(tier)
