"""One table of a sweep compared: arms, trivial rows, differences, the A/A row and sentences."""

from collections.abc import Mapping
from typing import Any

from harness.comparison.across import across_tables
from harness.comparison.arm import CLAIM_SEEDS, Arm, read_arm, reporting_record, tuning_record
from harness.comparison.contrast import Contrast, contrast
from harness.comparison.effects import effects_record
from harness.comparison.noise import AA, aa_record
from harness.comparison.ordering import row_order, tier_records
from harness.comparison.results import Json, reporting_split
from harness.comparison.sentences import sentences
from harness.comparison.shown import interval, shown_differences, shown_record
from harness.comparison.verdict import Verdict, verdicts
from harness.statistics.blocks import block_differences
from harness.statistics.power import minimum_detectable, seeds_needed

ALPHA = 0.05


def compare(plan: Json, results: Mapping[str, Mapping[str, Any]]) -> Json:
    """Every table of a plan compared, and what they say together; `results` maps a table's id to its results."""
    tables = [compare_table(table, results.get(table["id"], {})) for table in plan["tables"]]
    return {"tables": tables, **across_tables(plan, tables)}


def compare_table(plan_table: Json, results: Mapping[str, Any]) -> Json:
    """The record of one table; floats are stored unrounded, and no number is other than finite.

    Raises:
        ValueError: the results name a variant that the table has not, its baseline is none of its variants, or its
            alpha or margin is out of range.
    """
    check_names(plan_table, results)
    check_levels(plan_table)
    alpha = plan_table.get("alpha", ALPHA)
    split = reporting_split(r for arm in results.values() for r in arm.get("reporting", {}).values())
    arms = {name: read_arm(name, results.get(name, {}), plan_table, split) for name in sorted(plan_table["variants"])}
    aa = read_arm(AA, results.get(AA, {}), plan_table, split, tuned=False)
    table = {
        "id": plan_table["id"],
        "title": plan_table.get("title") or plan_table["id"],
        "metric": plan_table["metric"],
        "split": split,
        "baseline": plan_table["baseline"],
        "alpha": alpha,
        "margin": plan_table.get("margin"),
        "n_seeds": len(plan_table["reporting_seeds"]),
        "arms": arm_records(list(arms.values()), alpha),
        "trivial": trivial_records(plan_table.get("trivial") or {}, split, arms),
        "aa": aa_record(aa, arms[plan_table["baseline"]], 1 - alpha),
    }
    table["differences"] = difference_records(arms, table)
    table["effects"] = effects_record(plan_table, table)
    return table | {"sentences": sentences(table)}


def check_names(plan_table: Json, results: Mapping[str, Any]) -> None:
    variants = plan_table["variants"]
    allowed = ", ".join(sorted(variants))
    if plan_table["baseline"] not in variants:
        raise ValueError(f"{plan_table['id']}.baseline: got {plan_table['baseline']!r}; allowed: {allowed}")
    if unknown := sorted(set(results) - set(variants) - {AA}):
        raise ValueError(f"results of {plan_table['id']}: got {unknown[0]!r}; allowed: {allowed}, {AA}")


def check_levels(plan_table: Json) -> None:
    alpha, margin = plan_table.get("alpha", ALPHA), plan_table.get("margin")
    if not 0 < alpha < 1:
        raise ValueError(f"{plan_table['id']}.alpha: got {alpha!r}; allowed: a number between 0 and 1")
    if margin is not None and not margin > 0:
        raise ValueError(f"{plan_table['id']}.margin: got {margin!r}; allowed: a number above 0, or null for no margin")


def arm_records(arms: list[Arm], alpha: float) -> list[Json]:
    """Best tier first."""
    places = tier_records(arms, alpha)
    return sorted((arm_record(arm, 1 - alpha) | places[arm.name] for arm in arms), key=row_order)


def arm_record(arm: Arm, confidence: float) -> Json:
    why = {"why": "; ".join(arm.reasons)}
    return reporting_record(arm, confidence) | tuning_record(arm) | shown_record(arm, confidence) | why


def trivial_records(trivial: Mapping[str, Any], split: str, arms: dict[str, Arm]) -> list[Json]:
    """The losses that need no learning, best first, each with the arms whose mean lies below it."""
    rows = [(losses[split] if isinstance(losses, Mapping) else losses, name) for name, losses in trivial.items()]
    means = {name: sum(arm.done) / len(arm.done) for name, arm in arms.items() if arm.done and not arm.diverged}
    return [
        {"name": name, "loss": loss, "beaten_by": [arm for arm, mean in sorted(means.items()) if mean < loss]}
        for loss, name in sorted(rows)
    ]


def difference_records(arms: dict[str, Arm], table: Json) -> list[Json]:
    """Each declared contrast, in the order of the arms."""
    base, alpha = arms[table["baseline"]], table["alpha"]
    names = [arm["name"] for arm in table["arms"] if arm["name"] != base.name]
    level = alpha / max(1, len(names))
    contrasts = {name: contrast(arms[name], base, 1 - alpha, level) for name in names}
    found = verdicts(contrasts, alpha, table["margin"])
    blocks = block_intervals(arms, base.name, 1 - alpha)
    return [
        difference_record(contrasts[name], found[name], level)
        | {"block_ci": blocks.get(name), "shown": shown_differences(arms[name], base, 1 - alpha)}
        for name in names
    ]


def block_intervals(arms: dict[str, Arm], baseline: str, confidence: float) -> dict[str, list[float] | None]:
    """Screening intervals; the residual is pooled over the finished arms in which no run diverged."""
    whole = {name: arm.all_losses for name, arm in arms.items() if arm.finished and not arm.diverged}
    return {name: interval(estimate) for name, estimate in block_differences(whole, baseline, confidence).items()}


def difference_record(contrast: Contrast, verdict: Verdict, level: float) -> Json:
    """One contrast; `mdd` is what this plan sees in four of five repetitions, by the strictest step of Holm.

    `seeds_needed` counts all the seeds that would resolve the difference seen, were it the true one; it is null where
    that is decided or unknown, and where `seeds_over_cap` says that it is more than the cap.
    """
    estimate = contrast.estimate
    open_question = (
        verdict.word in ("tie", "no claim") and contrast.finished and estimate is not None and estimate.sd > 0
    )
    needed = seeds_needed(estimate.mean, estimate.sd, level, CLAIM_SEEDS) if open_question and estimate else None
    return {
        "arm": contrast.arm.name,
        "baseline": contrast.baseline.name,
        "mean": estimate.mean if estimate else None,
        "ci": interval(estimate) if estimate else None,
        "n": estimate.n if estimate else 0,
        "test": contrast.test,
        "p": contrast.p,
        "p_holm": verdict.p_holm,
        "p_same": verdict.p_same,
        "verdict": verdict.word,
        "why": verdict.why,
        "mdd": minimum_detectable(estimate.sd, len(contrast.arm.seeds), level) if estimate else None,
        "seeds_needed": needed,
        "seeds_over_cap": open_question and needed is None,
    }
