"""One arm of a table: its reporting losses by seed, its tuning curve, and what stands between it and a claim."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.comparison.results import ABSENT, Json, Result, counted, loss_of, shown_of, state_of
from harness.comparison.tuning import Point, best_point, tuning_curve, tuning_gap, untuned
from harness.ledger.states import State
from harness.statistics.summary import mean_interval, median

CLAIM_SEEDS = 5  # below, a table screens; protocol: paired intervals grow too wide and block intervals too trusting


@dataclass(frozen=True)
class Arm:
    """`losses` holds the finished reporting seeds, infinite where the run diverged.

    `pretraining` is the tuning curve of what the arm starts from, empty where it starts from scratch.
    """

    name: str
    seeds: tuple[int, ...]
    states: dict[int, State]
    losses: dict[int, float]
    shown: dict[str, dict[int, float]]
    curve: tuple[Point, ...]
    run_ids: tuple[str, ...]
    pretraining: tuple[Point, ...] = ()

    @property
    def finished(self) -> bool:
        return len(self.losses) == len(self.seeds)

    @property
    def diverged(self) -> int:
        return sum(map(math.isinf, self.losses.values()))

    @property
    def done(self) -> list[float]:
        return [self.losses[seed] for seed in self.seeds if math.isfinite(self.losses.get(seed, math.inf))]

    @property
    def all_losses(self) -> list[float]:
        """In the order of seeds; for an arm that is finished."""
        return [self.losses[seed] for seed in self.seeds]

    @property
    def k_of_n(self) -> str:
        return f"{len(self.done)} of {len(self.seeds)}"

    @cached_property
    def tuning_fault(self) -> str:
        own = tuning_gap(self.curve) or untuned(self.curve) if self.curve else ""
        start = untuned(self.pretraining) if self.pretraining else ""
        return "; ".join(fault for fault in (own, start and f"its pretraining is {start}") if fault)

    @property
    def reporting_gap(self) -> str:
        if self.finished:
            return ""
        open_states = counted(state for state in self.states.values() if not state.finished)
        states = ", ".join(f"{n} {state}" for state, n in open_states.items())
        return f"{len(self.losses)} of {len(self.seeds)} reporting runs finished, {states}"

    @property
    def reasons(self) -> list[str]:
        """Why no claim may rest on this arm; empty where one may."""
        return [reason for reason in (self.reporting_gap, self.tuning_fault) if reason]


def read_arm(name: str, results: Mapping[str, Any], plan_table: Json, split: str, tuned: bool = True) -> Arm:
    """The arm from its results; `tuned` is False for the A/A row, which takes the baseline's rate."""
    seeds = tuple(plan_table["reporting_seeds"])
    reporting = {seed: results.get("reporting", {}).get(seed, ABSENT) for seed in seeds}
    states = {seed: state_of(result) for seed, result in reporting.items()}
    curve = read_curve(results.get("tuning", {}), plan_table) if tuned else ()
    start = read_pretraining(results) if tuned else ()
    return Arm(
        name,
        seeds,
        states,
        {seed: loss_of(reporting[seed], split) for seed in seeds if states[seed].finished},
        shown_by_metric(reporting),
        curve,
        (*ids(reporting.values()), *(id for point in curve for id in point.run_ids)),
        start,
    )


def read_curve(tuning: Mapping[tuple[float, int], Result], plan_table: Json) -> tuple[Point, ...]:
    return tuple(tuning_curve(tuning, plan_table["learning_rates"], plan_table["tuning_seeds"]))


def read_pretraining(results: Mapping[str, Any]) -> tuple[Point, ...]:
    """The rates tried for what the arm starts from, as each of its finished runs tells alike."""
    runs = [run for purpose in ("tuning", "reporting") for run in results.get(purpose, {}).values()]
    told: list[Json] = next((run["pretraining"]["curve"] for run in runs if run.get("pretraining")), [])
    return tuple(
        Point(point["learning_rate"], math.inf, State.DIVERGED, ())
        if point["loss"] is None
        else Point(point["learning_rate"], point["loss"], State.DONE, ())
        for point in told
    )


def ids(results: Any) -> Sequence[str]:
    return [result["id"] for result in results if "id" in result]


def shown_by_metric(reporting: Mapping[int, Result]) -> dict[str, dict[int, float]]:
    """Each metric's numbers by seed; one that made no number in any run has none, and is there all the same."""
    done = [result for result in reporting.values() if state_of(result) == State.DONE]
    metrics: dict[str, dict[int, float]] = {metric: {} for result in done for metric in result.get("shown") or {}}
    for seed, result in reporting.items():
        for metric, value in shown_of(result).items():
            metrics[metric][seed] = value
    return metrics


def reporting_record(arm: Arm, confidence: float) -> Json:
    """What the reporting seeds say; an arm with a diverged seed has a median and no mean."""
    estimate = mean_interval(arm.done, confidence) if arm.done and not arm.diverged else None
    return {
        "name": arm.name,
        "mean": estimate.mean if estimate else None,
        "ci": list(estimate.ci) if estimate and estimate.ci else None,
        "n": len(arm.done),
        "median": median(list(arm.losses.values())),
        "k_of_n": arm.k_of_n,
        "states": counted(arm.states.values()),
        "per_seed": {str(seed): finite_or_none(arm.losses.get(seed, math.inf)) for seed in arm.seeds},
        "run_ids": list(arm.run_ids),
    }


def tuning_record(arm: Arm) -> Json:
    """What the tuning runs say; the best rate is null until one of its points is finished."""
    start = {"pretraining": curve_record(arm.pretraining)} if arm.pretraining else {}
    return curve_record(arm.curve) | start


def curve_record(curve: Sequence[Point]) -> Json:
    known = any(point.state.finished for point in curve)
    return {
        "best_rate": best_point(curve)[0] if known else None,
        "untuned": bool(untuned(curve)),
        "curve_rates": [
            {
                "rate": point.rate,
                "loss": finite_or_none(point.loss),
                "state": point.state.value,
                "run_ids": list(point.run_ids),
            }
            for point in curve
        ],
    }


def finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
