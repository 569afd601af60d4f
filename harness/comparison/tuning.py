"""The learning rate of an arm: the tuning curve, its best point, and when that point proves nothing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.comparison.numbers import rate_text
from harness.comparison.results import ABSENT, Result, counted, gravest, loss_of, state_of
from harness.ledger.states import State

Tuning = Mapping[tuple[float, int], Result]


@dataclass(frozen=True)
class Point:
    """One rate of the grid: the mean validation loss over tuning seeds, infinite unless all of them are done."""

    rate: float
    loss: float
    state: State
    run_ids: tuple[str, ...]


def choose_rate(tuning_results: Tuning, rates: Sequence[float]) -> tuple[float, bool]:
    """The rate with the lowest mean validation loss over tuning seeds, and whether it lies on the edge of the grid.

    A rate with a run that diverged, or is not done, is the worst there is. Of equal rates the smallest is taken.

    Raises:
        ValueError: there is no rate.
    """
    return best_point(tuning_curve(tuning_results, rates))


def best_point(curve: Sequence[Point]) -> tuple[float, bool]:
    if not curve:
        raise ValueError("learning_rates: got none; allowed: one or more, four or more to call an arm tuned")
    best = min(range(len(curve)), key=lambda i: (curve[i].loss, i))
    return curve[best].rate, best in (0, len(curve) - 1)


def tuning_curve(tuning_results: Tuning, rates: Sequence[float], seeds: Sequence[int] | None = None) -> list[Point]:
    """One point a rate, the smallest rate first; `seeds` are those of the results unless given."""
    if seeds is None:
        seeds = sorted({seed for _, seed in tuning_results})
    return [
        tuning_point(rate, [tuning_results.get((rate, seed), ABSENT) for seed in seeds]) for rate in sorted(set(rates))
    ]


def tuning_point(rate: float, results: Sequence[Result]) -> Point:
    state = gravest(state_of(result) for result in results)
    done = state == State.DONE
    loss = math.fsum(loss_of(result, "val") for result in results) / len(results) if done else math.inf
    return Point(rate, loss, state, tuple(result["id"] for result in results if "id" in result))


def tuning_gap(curve: Sequence[Point]) -> str:
    """What is missing before the best rate is known, empty where nothing is."""
    open_points = [point.state for point in curve if not point.state.finished]
    if not open_points:
        return ""
    states = ", ".join(f"{n} {state}" for state, n in counted(open_points).items())
    return f"tuning: {len(curve) - len(open_points)} of {len(curve)} rates finished, {states}"


def untuned(curve: Sequence[Point]) -> str:
    """Why the best rate found is not the best there is, empty where it lies inside a finished grid."""
    rate, edge = best_point(curve)
    if tuning_gap(curve) or not edge:
        return ""
    if all(math.isinf(point.loss) for point in curve):
        return "untuned: every rate of the grid diverged"
    if len(curve) == 1:
        return f"untuned: {rate_text(rate)} is the only rate of the grid"
    return (
        f"untuned: best rate {rate_text(rate)} is the {'first' if rate == curve[0].rate else 'last'} point of the grid"
    )
