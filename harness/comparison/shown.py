"""Metrics shown beside the verdict (accuracy, error rates): means and paired differences, and when they say nothing."""

from harness.comparison.arm import Arm
from harness.comparison.numbers import percent
from harness.comparison.results import Json
from harness.statistics.estimate import Estimate
from harness.statistics.paired import paired_t
from harness.statistics.summary import mean_interval

FLOOR, CEILING = 0.02, 0.98  # outside, a share of right answers cannot move and its t interval is wrong


def shown_record(arm: Arm, confidence: float) -> Json:
    """`shown`: each metric's mean over reporting seeds; `shown_ci`: its interval, null where `shown_why` says why."""
    metrics = sorted(arm.shown)
    whole = [metric for metric in metrics if is_whole(arm, metric)]
    estimates = {metric: mean_interval(list(arm.shown[metric].values()), confidence) for metric in whole}
    faults = {metric: metric_fault(arm, metric) for metric in metrics}
    return {
        "shown": {metric: estimates[metric].mean if metric in whole else None for metric in metrics},
        "shown_ci": {metric: None if faults[metric] else interval(estimates[metric]) for metric in metrics},
        "shown_why": faults,
    }


def shown_differences(arm: Arm, baseline: Arm, confidence: float) -> Json:
    """Each metric's paired difference from the baseline; `ci` is null and `why` says so where it carries no claim."""
    metrics = sorted(set(arm.shown) & set(baseline.shown))
    return {metric: metric_difference(arm, baseline, metric, confidence) for metric in metrics}


def metric_difference(arm: Arm, baseline: Arm, metric: str, confidence: float) -> Json:
    faults = [f"{one.name} {fault}" for one in (arm, baseline) if (fault := metric_fault(one, metric))]
    seeds = [seed for seed in arm.seeds if seed in arm.shown[metric] and seed in baseline.shown[metric]]
    if not seeds or not all(is_whole(one, metric) for one in (arm, baseline)):
        return {"mean": None, "ci": None, "why": "; ".join(faults) or "no seed in common"}
    pairs = [arm.shown[metric][seed] for seed in seeds], [baseline.shown[metric][seed] for seed in seeds]
    estimate = paired_t(*pairs, confidence)
    return {"mean": estimate.mean, "ci": None if faults else interval(estimate), "why": "; ".join(faults)}


def metric_fault(arm: Arm, metric: str) -> str:
    """Why the metric of this arm carries no claim, empty where it may."""
    if arm.diverged:
        return f"diverged in {arm.diverged} of {len(arm.seeds)} runs"
    if not is_whole(arm, metric):
        return f"has a number in {len(arm.shown[metric])} of {len(arm.done)} runs"
    values = arm.shown[metric].values()
    if max(values) > 1:
        return ""  # bits, days or BLEU: no share, and nothing that it could not go beyond
    mean = sum(values) / len(values)
    if mean < FLOOR:
        return f"is under {percent(FLOOR)}"
    return f"is over {percent(CEILING)}" if mean > CEILING else ""


def is_whole(arm: Arm, metric: str) -> bool:
    """Whether the metric has a number in every run; a mean over those that have one would be over chosen runs."""
    return not arm.diverged and 0 < len(arm.shown[metric]) == len(arm.done)


def interval(estimate: Estimate) -> list[float] | None:
    return list(estimate.ci) if estimate.ci else None
