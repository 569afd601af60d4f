"""A table whose arms are levels of factors: main effects and interactions, or what each single change does."""

import math
from itertools import combinations

import numpy as np

from harness.comparison.contrast import few_seeds
from harness.comparison.numbers import fixed, p_text, percent, places, seeds_text
from harness.comparison.results import Json
from harness.comparison.shown import interval
from harness.comparison.whole import losses_by_seed, open_arms
from harness.statistics.estimate import Estimate
from harness.statistics.factorial import effects, is_full
from harness.statistics.holm import holm
from harness.statistics.paired import paired_t
from harness.statistics.ratio import ratio

MAIN = ("tie", "better", "worse")
INTERACTION = ("no interaction seen", "better together", "worse together")


def effects_record(plan_table: Json, table: Json) -> Json | None:
    """None where the arms are no levels of factors.

    A full table gives main effects and interactions; any other the pairs of arms that differ in one factor.
    """
    levels = {name: arm["levels"] for name, arm in plan_table["variants"].items() if arm.get("levels")}
    if len(levels) < len(plan_table["variants"]):
        return None
    design = "factorial" if is_full(list(levels.values())) else "single changes"
    empty: Json = {"design": design, "gap": None, "rows": [], "sentences": []}
    if why := _obstacle(table):
        return empty | {"why": why}
    rows = _factorial(levels, table) if design == "factorial" else _singles(levels, table)
    adjusted = holm({i: row["p"] for i, row in enumerate(rows)})
    few = few_seeds(plan_table["reporting_seeds"])
    barred = ["; ".join([*few, *_untuned(table, row["arms"])]) for row in rows]
    rows = [row | _verdict(adjusted[i], row, barred[i], table["alpha"]) for i, row in enumerate(rows)]
    gap = None if design == "factorial" else _gap(levels, table, few)
    rows = [row | _share(row, gap, table) for row in rows]
    return empty | {"gap": gap, "rows": rows, "sentences": [_sentence(row, table) for row in rows], "why": ""}


def _obstacle(table: Json) -> str:
    if unfinished := open_arms(table):
        return f"not finished: {', '.join(unfinished)}"
    names = [arm["name"] for arm in table["arms"]]
    diverged = [name for name in names if not all(map(math.isfinite, losses_by_seed(table, name).values()))]
    return f"diverged, so that there is no mean: {', '.join(diverged)}" if diverged else ""


def _untuned(table: Json, arms: list[str] | None) -> list[str]:
    """Why one of the two arms that a row compares makes no claim; a row of a whole grid rests on every arm."""
    among = [arm for arm in table["arms"] if arms is None or arm["name"] in arms]
    return [f"{arm['name']} {arm['why']}" for arm in among if arm["why"]]


def _factorial(levels: dict[str, dict[str, str]], table: Json) -> list[Json]:
    losses = {name: list(losses_by_seed(table, name).values()) for name in levels}
    found = effects(losses, levels, 1 - table["alpha"])
    return [_row([list(change) for change in effect.changes], effect.estimate, None) for effect in found]


def _gap(levels: dict[str, dict[str, str]], table: Json, few: list[str]) -> Json:
    """What all changes make together; `why` it has no shares is empty where it may have some."""
    order = _order(levels)
    changed = [sum(order[axis].index(level) > 0 for axis, level in row.items()) for row in levels.values()]
    first, last = (list(levels)[changed.index(number)] for number in (min(changed), max(changed)))
    estimate = paired_t(*_pair(table, [first, last]), 1 - table["alpha"])
    why = "; ".join([*few, *_untuned(table, [first, last])])
    return {"arms": [first, last], "mean": estimate.mean, "ci": interval(estimate), "why": why}


def _share(row: Json, gap: Json | None, table: Json) -> Json:
    """How much of the gap a row makes; none where the gap cannot be told from zero."""
    found = None
    if gap and not gap["why"] and not row["why"]:
        part, whole = (np.subtract(*_pair(table, arms)) for arms in (row["arms"], gap["arms"]))
        found = ratio(part, whole, 1 - table["alpha"])
    return {"share": found[0] if found else None, "share_ci": list(found[1]) if found else None}


def _pair(table: Json, arms: list[str]) -> tuple[list[float], list[float]]:
    """The losses of the later arm and of the one before it, by the same seeds."""
    before, after = (list(losses_by_seed(table, arm).values()) for arm in arms)
    return after, before


def _order(levels: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    """The levels of each factor in the order in which they come."""
    rows = list(levels.values())
    return {axis: list(dict.fromkeys(row[axis] for row in rows)) for axis in rows[0]}


def _singles(levels: dict[str, dict[str, str]], table: Json) -> list[Json]:
    """Each pair of arms that differ in one factor, from the level that comes first to the later one."""
    rows, order = [], _order(levels)

    def rank(name: str) -> list[int]:
        return [order[axis].index(level) for axis, level in levels[name].items()]

    for old, new in (sorted(pair, key=rank) for pair in combinations(levels, 2)):
        changes = [[name, levels[old][name], levels[new][name]] for name in levels[old]]
        changes = [change for change in changes if change[1] != change[2]]
        if len(changes) == 1:
            rows.append(_row(changes, paired_t(*_pair(table, [old, new]), 1 - table["alpha"]), [old, new]))
    return rows


def _row(changes: list[list[str]], estimate: Estimate, arms: list[str] | None) -> Json:
    numbers = {"mean": estimate.mean, "ci": interval(estimate), "p": estimate.p, "n": estimate.n}
    return {"changes": changes, "arms": arms, **numbers}


def _verdict(p_holm: float | None, row: Json, barred: str, alpha: float) -> Json:
    if barred or p_holm is None:
        why = barred or "the difference is the same on every seed, so its error is unknown"
        return {"p_holm": p_holm, "verdict": "no claim", "why": why}
    words = INTERACTION if len(row["changes"]) > 1 else MAIN
    return {"p_holm": p_holm, "verdict": words[0 if p_holm > alpha else 1 if row["mean"] < 0 else 2], "why": ""}


def _sentence(row: Json, table: Json) -> str:
    changed = " with ".join(f"{factor} from {old} to {new}" for factor, old, new in row["changes"])
    half = (row["ci"][1] - row["ci"][0]) / 2 if row["ci"] else None
    ends = f"{percent(1 - table['alpha'])} interval {_ends(row['ci'], places(half))}, " if row["ci"] else ""
    evidence = f"{ends}{seeds_text(row['n'])}" + (
        f", Holm {p_text(row['p_holm'])}" if row["p_holm"] is not None else ""
    )
    among = f", between {row['arms'][0]} and {row['arms'][1]}" if row["arms"] else ""
    if row["share_ci"]:
        low, high = (percent(round(end, 2)) for end in row["share_ci"])
        among += f", {percent(round(row['share'], 2))} ({low} to {high}) of the whole gap"
    why = f"; {row['why']}" if row["why"] else ""
    return (
        f"{changed}: {fixed(row['mean'], places(half))} {table['metric']}{among}, {row['verdict']} ({evidence}){why}."
    )


def _ends(ci: list[float], decimals: int) -> str:
    return f"{fixed(ci[0], decimals)} to {fixed(ci[1], decimals)}"
