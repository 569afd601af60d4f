"""The sheet of what several tables say together: scores over tasks, or multipliers over sizes."""

from functools import partial

from markupsafe import Markup

from reports import numbers
from reports.records import Record, Together
from reports.sheets.differences import verdict_picture
from reports.sheets.sheet import Column, Sheet


def together_sheet(together: Together) -> Sheet:
    return {"tasks": tasks_sheet, "ladders": ladder_sheet}[together.kind](together)


def tasks_sheet(together: Together) -> Sheet:
    rows = [
        {"arm": arm["name"], "iqm": arm["iqm"], "improves": arm["improves"], "n": arm["n"]}
        | ends("iqm", arm["iqm_ci"])
        | ends("improves", arm["improves_ci"])
        for arm in together.record["arms"]
    ]
    two = partial(numbers.interval, decimals=2)
    columns = [
        Column("arm", "Arm"),
        Column("iqm", "Interquartile mean", numbers.number, numeric=True),
        Column("iqm_low", "Bootstrap interval", numbers.interval, True, ("iqm_high",)),
        Column("improves", "Beats the baseline", partial(numbers.number, decimals=2), numeric=True),
        Column("improves_low", "Bootstrap interval", two, True, ("improves_high",)),
        Column("n", "Runs", numeric=True),
    ]
    caption = f"Scores over {len(together.tables)} tasks: 0 learns nothing, 1 is {together.baseline}"
    return Sheet("together", caption, columns, rows)


def ladder_sheet(together: Together) -> Sheet:
    sizes = together.record["sizes"]
    rows = [row for arm in together.record["arms"] for row in ladder_rows(arm, sizes)]
    two = partial(numbers.number, decimals=2)
    columns = [
        Column("arm", "Arm"),
        Column("size", "Size", numbers.count, numeric=True),
        Column("multiplier", "Multiplier", two, numeric=True),
        Column("low", "Bootstrap interval", partial(numbers.interval, decimals=2), True, ("high",)),
        Column("verdict", "Verdict", picture=lambda row: verdict_picture(row) if row["verdict"] else Markup("")),
        Column("why", "Why"),
    ]
    caption = f"How many times the size {together.baseline} needs for the loss of the arm; above 1 the arm is better"
    return Sheet("together", caption, columns, rows)


def ladder_rows(arm: Record, sizes: list[int]) -> list[Record]:
    """A row a size; the verdict stands at the largest."""
    if arm["multipliers"] is None:
        nothing = {"size": None, "multiplier": None, "low": None, "high": None}
        return [{"arm": arm["name"], "verdict": arm["verdict"], "why": arm["why"]} | nothing]
    rows = [
        {"arm": arm["name"], "size": size, "multiplier": value, "verdict": "", "why": ""} | ends("", ci)
        for size, value, ci in zip(sizes, arm["multipliers"], arm["intervals"], strict=True)
    ]
    rows[-1] |= {"verdict": arm["verdict"], "why": arm["why"]}
    return rows


def ends(name: str, ci: list[float] | None) -> Record:
    low, high = ci or (None, None)
    return {f"{name}_low" if name else "low": low, f"{name}_high" if name else "high": high}
