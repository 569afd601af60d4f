"""The differences table: each declared difference with interval, corrected p, verdict and the seeds it would take."""

from functools import partial

from markupsafe import Markup

from harness.statistics.power import CAP
from reports import numbers
from reports.anchors import runs_anchor
from reports.records import Record, Table
from reports.sheets.arm import arm_column, arm_row
from reports.sheets.sheet import Column, Sheet

SIGNS = {
    "better": "▼",
    "worse": "▲",
    "same": "=",
    "tie": "≈",
    "no claim": "?",
    "noise floor suspect": "!",
    "as expected": "✓",
}


def differences_sheet(table: Table) -> Sheet:
    rows = [difference_row(table, record) for record in table.comparison.get("differences", [])]
    if rows and table.comparison.get("aa"):
        rows.append(aa_row(table))
    caption = f"Difference to {table.baseline} in {table.metric}, paired by seed; below zero is better"
    return Sheet("differences", caption, columns(table, rows), rows)


def difference_row(table: Table, record: Record) -> Record:
    low, high = record["ci"] or (None, None)
    block_low, block_high = record.get("block_ci") or (None, None)
    kept = {
        key: record.get(key)
        for key in ("mean", "p", "p_holm", "verdict", "why", "mdd", "seeds_needed", "seeds_over_cap")
    }
    ends = {"low": low, "high": high, "block_low": block_low, "block_high": block_high}
    return arm_row(table, record["arm"]) | kept | ends


def aa_row(table: Table) -> Record:
    record = table.comparison["aa"]
    low, high = record["ci"] or (None, None)
    verdict = "noise floor suspect" if record["alarm"] else "as expected"
    why = f"{table.baseline} against itself, other initial weights" + (f"; {record['why']}" if record["why"] else "")
    said = {"arm": "A/A", "arm_index": None, "verdict": verdict, "why": why}
    return said | {"mean": record["difference"], "low": low, "high": high, "p": record["p"]}


def columns(table: Table, rows: list[Record]) -> list[Column]:
    halves = [(row["high"] - row["low"]) / 2 for row in rows if row["low"] is not None]
    decimals = numbers.decimals_for(halves)
    loss, span = partial(numbers.signed, decimals=decimals), partial(numbers.signed_interval, decimals=decimals)

    def to_runs(row: Record) -> str:
        return runs_anchor(table, row["arm"]) if row["arm"] in table.arms else runs_anchor(table, table.baseline, "a/a")

    return [
        arm_column(table),
        Column("verdict", "Verdict", picture=verdict_picture, link=to_runs),
        Column("mean", "Difference", loss, numeric=True, link=to_runs),
        Column("low", "95 % interval", span, True, ("high",), link=to_runs),
        Column("p_holm", "p (Holm)", p_text, numeric=True),
        Column("p", "p", p_text, numeric=True),
        Column("block_low", "Block interval", span, True, ("block_high",)),
        Column("mdd", "Detectable", partial(numbers.number, decimals=decimals), numeric=True),
        Column("seeds_needed", "Seeds needed", seeds_text, True, ("seeds_over_cap",)),
        Column("why", "Why"),
    ]


def verdict_picture(row: Record) -> Markup:
    word = row["verdict"]
    return Markup('<span class="verdict {}"><span aria-hidden="true">{}</span> {}</span>').format(
        word.replace(" ", "-"), SIGNS.get(word, "·"), word
    )


def seeds_text(needed: int | None, over_cap: bool | None) -> str:
    """All the seeds that would resolve the difference seen, were it the true one."""
    return f"over {CAP}" if over_cap else numbers.count(needed)


def p_text(value: float | None) -> str:
    return "< 0.001" if value is not None and value < 0.001 else numbers.number(value)
