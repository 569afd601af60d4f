"""One task at four sizes or more: how much more budget the baseline needs for the loss of an arm."""

import math
from collections.abc import Sequence

from harness.comparison.arm import CLAIM_SEEDS
from harness.comparison.numbers import percent, seeds_text
from harness.comparison.results import Json
from harness.comparison.whole import arm_of, losses_by_seed, open_arms
from harness.statistics.scaling import Scaling, compare_scaling

UNITS = {"non_embedding_params": "non-embedding parameters", "flops": "FLOPs"}


def ladder_record(group: Sequence[tuple[Json, Json]]) -> Json:
    """`arms`: a multiplier with its interval at every size, and better, worse, cannot tell or no claim."""
    plan_tables, tables = [plan for plan, _ in group], [table for _, table in group]
    baseline, view = tables[0]["baseline"], plan_tables[0]["budget"]["view"]
    record = {
        "tables": [table["id"] for table in tables],
        "view": view,
        "sizes": [plan["budget"]["target"] for plan in plan_tables],
        "baseline": baseline,
        "metric": tables[0]["metric"],
    }
    names = [arm["name"] for arm in tables[0]["arms"] if arm["name"] != baseline]
    arms = [_arm_record(name, record, tables) for name in names]
    unit = UNITS.get(view, view)
    return record | {"arms": arms, "sentences": [_sentence(arm, record, tables[0]["alpha"], unit) for arm in arms]}


def _arm_record(name: str, record: Json, tables: Sequence[Json]) -> Json:
    empty = {"name": name, "verdict": "no claim", "multipliers": None, "intervals": None, "exponents": None}
    if why := _obstacle(name, record["baseline"], tables):
        return empty | {"why": why}
    arm, base = ([list(losses_by_seed(t, side).values()) for t in tables] for side in (name, record["baseline"]))
    found = compare_scaling(record["sizes"], arm, base, 1 - tables[0]["alpha"])
    return {"name": name, **_scaling_record(found), **_standing(found, tables)}


def _scaling_record(found: Scaling) -> Json:
    law = found.law
    return {
        "multipliers": list(found.multipliers),
        "intervals": [list(ends) for ends in found.intervals],
        "floor": law.floor,
        "exponents": list(law.exponent),
        "scales": list(law.scale),
        "exponent_difference_ci": list(found.exponent_difference),
    }


def _standing(found: Scaling, tables: Sequence[Json]) -> Json:
    n_seeds = min(table["n_seeds"] for table in tables)
    if n_seeds < CLAIM_SEEDS:
        return {"verdict": "no claim", "why": f"screening: {seeds_text(n_seeds)}, a claim needs {CLAIM_SEEDS}"}
    return {"verdict": found.verdict, "why": found.why}


def _obstacle(name: str, baseline: str, tables: Sequence[Json]) -> str:
    for table in tables:
        if unfinished := {name, baseline}.intersection(open_arms(table)):
            return f"{table['id']}: not finished: {', '.join(sorted(unfinished))}"
        for arm in (name, baseline):
            if not all(map(math.isfinite, losses_by_seed(table, arm).values())):
                return f"{table['id']}: {arm} diverged, and a law of means has no place for that"
            if why := arm_of(table, arm)["why"]:
                return f"{table['id']}: {arm} {why}"
            if min(losses_by_seed(table, arm).values()) <= 0:
                return f"{table['id']}: {arm} has a loss of 0, and a law of logarithms no place for that"
        if table["n_seeds"] < 2:
            return f"{table['id']}: one seed: no interval"
    return "" if len({table["n_seeds"] for table in tables}) == 1 else "the sizes differ in their number of seeds"


def _sentence(arm: Json, record: Json, alpha: float, unit: str) -> str:
    name, baseline = arm["name"], record["baseline"]
    if arm["multipliers"] is None:
        return f"No scaling law for {name} against {baseline} ({arm['why']})."
    multiplier, (low, high) = arm["multipliers"][-1], arm["intervals"][-1]
    size = f"{record['sizes'][-1]:,} {unit}"
    told = (
        f"{baseline} needs {multiplier:.2f} times the {unit} for the loss of {name} at {size} "
        f"({percent(1 - alpha)} bootstrap {low:.2f} to {high:.2f}, {len(record['sizes'])} sizes)"
    )
    exponents = "" if _apart(arm["exponent_difference_ci"]) else "; the exponents cannot be told apart"
    why = f" ({arm['why']})" if arm["why"] else ""
    return f"Scaling, {arm['verdict']}{why}: {told}{exponents}."


def _apart(ends: list[float]) -> bool:
    return ends[0] * ends[1] > 0
