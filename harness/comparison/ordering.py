"""Tiers of a table from the corrected differences of all pairs, and the order its rows are listed in."""

import itertools
import math

from harness.comparison.arm import CLAIM_SEEDS, Arm
from harness.comparison.results import Json
from harness.statistics.holm import holm
from harness.statistics.paired import paired_t
from harness.statistics.summary import mean_interval
from harness.statistics.tiers import tiers


def tier_records(arms: list[Arm], alpha: float) -> dict[str, Json]:
    """For each arm its `tier` and its `ties`, the arms it was not told apart from.

    Both are empty for an arm that has no mean to rank: unfinished, untuned, with a diverged run, or with fewer seeds
    than a claim needs.
    """
    ranked = sorted(filter(has_place, arms), key=lambda arm: (mean_interval(arm.all_losses).mean, arm.name))
    better = significant_pairs(ranked, len(arms), alpha)
    found = tiers([arm.name for arm in ranked], better)
    return {arm.name: {"tier": found.get(arm.name), "ties": ties(arm.name, list(found), better)} for arm in arms}


def has_place(arm: Arm) -> bool:
    return not arm.reasons and not arm.diverged and len(arm.seeds) >= CLAIM_SEEDS


def significant_pairs(ranked: list[Arm], n_declared: int, alpha: float) -> set[tuple[str, str]]:
    """(better, worse) for each pair whose corrected difference excludes zero; the family is all declared pairs."""
    p_values = {
        (good.name, bad.name): paired_t(bad.all_losses, good.all_losses).p
        for good, bad in itertools.combinations(ranked, 2)
    }
    adjusted = holm(p_values, n_declared * (n_declared - 1) // 2)
    return {pair for pair, p in adjusted.items() if p is not None and p <= alpha}


def ties(name: str, ranked: list[str], better: set[tuple[str, str]]) -> list[str]:
    if name not in ranked:
        return []
    return sorted(other for other in ranked if other != name and not {(name, other), (other, name)} & better)


def row_order(arm: Json) -> tuple[float, float, float, str]:
    """Best tier first, then mean, median and name: never the order of a file."""
    tier, mean, median = (math.inf if arm[key] is None else arm[key] for key in ("tier", "mean", "median"))
    return tier, mean, median, arm["name"]
