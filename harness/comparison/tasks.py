"""Several tasks, the same arms: normalised scores, their interquartile mean, and who improves on the baseline."""

import math
from collections.abc import Sequence

from harness.comparison.arm import CLAIM_SEEDS
from harness.comparison.numbers import percent
from harness.comparison.results import Json
from harness.comparison.whole import arm_of, losses_by_seed, open_arms
from harness.statistics.several import (
    Aggregate,
    interquartile_mean,
    normalised,
    performance_profile,
    probability_of_improvement,
)

THRESHOLDS = [round(0.05 * i, 2) for i in range(25)]
NOTE = "intervals are bootstraps over few seeds: they screen and claim nothing"


def tasks_record(group: Sequence[tuple[Json, Json]]) -> Json:
    """Scores are 0 at the table's best rule that learns nothing and 1 at the baseline's mean."""
    tables = [table for _, table in group]
    baseline = tables[0]["baseline"]
    empty = {"tables": [table["id"] for table in tables], "baseline": baseline, "arms": [], "sentences": []}
    if why := next(filter(None, map(_without_scale, tables)), ""):
        return empty | {"why": why}
    seeds = min(table["n_seeds"] for table in tables)
    confidence = 1 - max(table["alpha"] for table in tables)
    scores = {arm["name"]: [_scores(table, arm["name"])[:seeds] for table in tables] for arm in tables[0]["arms"]}
    arms = [_arm_record(name, scores[name], scores[baseline], confidence) for name in sorted(scores)]
    arms.sort(key=lambda arm: -math.inf if arm["iqm"] is None else arm["iqm"], reverse=True)
    said = [_sentence(arm, baseline, len(tables), confidence) for arm in arms if arm["name"] != baseline]
    return empty | {"arms": arms, "thresholds": THRESHOLDS, "sentences": said, "why": NOTE}


def _without_scale(table: Json) -> str:
    """Why a table has no scores; empty where it has."""
    if unfinished := open_arms(table):
        return f"{table['id']}: not finished: {', '.join(unfinished)}"
    if not table["trivial"]:
        return f"{table['id']}: no rule that learns nothing sets the zero of its scores"
    base = arm_of(table, table["baseline"])
    if base["mean"] is None:
        return f"{table['id']}: the baseline has no mean to set the unit of its scores"
    if base["mean"] >= table["trivial"][0]["loss"]:
        return f"{table['id']}: the baseline learned nothing, so its scores have no unit"
    return "" if table["n_seeds"] >= 2 else f"{table['id']}: one seed"


def _scores(table: Json, name: str) -> list[float]:
    base = arm_of(table, table["baseline"])
    return list(normalised(losses_by_seed(table, name), table["trivial"][0]["loss"], base["mean"]).values())


def _arm_record(name: str, scores: list[list[float]], baseline: list[list[float]], confidence: float) -> Json:
    middle = interquartile_mean(scores, confidence)
    improves = probability_of_improvement(scores, baseline, confidence)
    return {
        "name": name,
        "iqm": middle.value,
        "iqm_ci": _ends(middle),
        "improves": improves.value,
        "improves_ci": _ends(improves),
        "profile": performance_profile(scores, THRESHOLDS),
        "n": sum(map(len, scores)),
    }


def _ends(aggregate: Aggregate) -> list[float] | None:
    return list(aggregate.ci) if aggregate.ci else None


def _sentence(arm: Json, baseline: str, tasks: int, confidence: float) -> str:
    if arm["iqm"] is None or arm["iqm_ci"] is None:
        return f"Over {tasks} tasks {arm['name']} has no interquartile mean: too many of its runs diverged."
    low, high = arm["iqm_ci"]
    share, (at_least, at_most) = arm["improves"], arm["improves_ci"] or (arm["improves"], arm["improves"])
    return (
        f"Over {tasks} tasks {arm['name']} scores {arm['iqm']:.3f} ({percent(confidence)} bootstrap {low:.3f} to "
        f"{high:.3f}), where 0 learns nothing and 1 is {baseline}; a run of it beats one of {baseline} with "
        f"probability {share:.2f} ({at_least:.2f} to {at_most:.2f}); {arm['n']} runs, "
        f"{'a screening' if arm['n'] < CLAIM_SEEDS * CLAIM_SEEDS else 'no claim'}."
    )
