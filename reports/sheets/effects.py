"""The effects sheet: what each change of a factor does to the loss, with interval, corrected p and verdict."""

from functools import partial

from reports import numbers
from reports.records import Record, Table
from reports.sheets.differences import p_text, verdict_picture
from reports.sheets.sheet import Column, Sheet


def effects_sheet(table: Table) -> Sheet:
    found = table.comparison.get("effects") or {"rows": [], "design": ""}
    rows = [effect_row(record) for record in found["rows"]]
    design = "averaged over the other factors" if found["design"] == "factorial" else "between two arms"
    caption = f"Change of the loss in {table.metric}, {design}; below zero is better"
    return Sheet("effects", caption, columns(rows), rows)


def effect_row(record: Record) -> Record:
    low, high = record["ci"] or (None, None)
    change = " × ".join(f"{factor}: {old} → {new}" for factor, old, new in record["changes"])
    kept = {key: record[key] for key in ("mean", "n", "p", "p_holm", "verdict", "why", "share")}
    least, most = record["share_ci"] or (None, None)
    kept |= {"share_low": least, "share_high": most}
    return {"change": change, "arms": " → ".join(record["arms"] or []) or None, "low": low, "high": high} | kept


def columns(rows: list[Record]) -> list[Column]:
    decimals = numbers.decimals_for([(row["high"] - row["low"]) / 2 for row in rows if row["low"] is not None])
    return [
        Column("change", "Change"),
        Column("verdict", "Verdict", picture=verdict_picture),
        Column("mean", "Effect", partial(numbers.signed, decimals=decimals), numeric=True),
        Column("low", "95 % interval", partial(numbers.signed_interval, decimals=decimals), True, ("high",)),
        Column("p_holm", "p (Holm)", p_text, numeric=True),
        Column("p", "p", p_text, numeric=True),
        Column("n", "Seeds", numeric=True),
        Column("share", "Of the gap", share_text, True, ("share_low", "share_high")),
        Column("arms", "Between"),
        Column("why", "Why"),
    ]


def share_text(share: float | None, low: float | None, high: float | None) -> str:
    """A share of the gap with its interval."""
    told = [numbers.percent(value, 0) for value in (share, low, high)]
    return numbers.NONE if numbers.missing(share) else f"{told[0]} ({told[1]} to {told[2]})"
