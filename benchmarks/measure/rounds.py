"""Arms timed against each other: interleaved rounds in rotating order, compared by ratios within a round."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.measure.clocks import Call, Clock
from benchmarks.measure.deadline import Deadline, TimeUp

FEWEST_ROUNDS = 6  # fewer have no 95 % interval of a median
CONFIDENCE = 0.95

Round = dict[str, float]


def interleave(
    arms: Mapping[str, Call], clock: Clock, rounds: int, repeats: int, deadline: Deadline | None = None
) -> list[Round]:
    """Seconds per call of every arm, in each round; arms take turns at going first. One round before is dropped.

    A deadline cuts the number of rounds.

    Raises:
        TimeUp: it passed before FEWEST_ROUNDS were done.
    """
    names, done = list(arms), []
    for number in range(rounds + 1):
        if deadline is not None and deadline.passed:
            break
        turn = number % len(names)
        taken = {name: clock(arms[name], repeats) for name in names[turn:] + names[:turn]}
        done.append({name: taken[name] for name in names})
    if len(done) - 1 < min(rounds, FEWEST_ROUNDS):
        raise TimeUp
    return done[1:]


def compared(rounds: Sequence[Round], pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The rounds, the median seconds of each arm, and for each pair how many times as fast the first is."""
    return {
        "rounds": list(rounds),
        "seconds": {name: statistics.median(taken[name] for taken in rounds) for name in rounds[0]},
        "times_as_fast": [
            {"arm": arm, "as": other, **median_with_interval([taken[other] / taken[arm] for taken in rounds])}
            for arm, other in pairs
        ],
    }


def median_with_interval(values: Sequence[float]) -> dict[str, float | None]:
    """The median, and the narrowest symmetric pair of order statistics that holds the true one at 95 % (sign test).

    `coverage` is what the pair really holds; with fewer than six values there is none.
    """
    ordered = sorted(values)
    found: dict[str, float | None] = {"median": statistics.median(ordered), "low": None, "high": None, "coverage": None}
    rank = _rank(len(ordered))
    if rank:
        low, high = ordered[rank - 1], ordered[-rank]
        found |= {"low": low, "high": high, "coverage": 1 - 2 * _tail(len(ordered), rank)}
    return found


def _rank(n: int) -> int:
    """The largest rank from either end whose interval still covers; 0 where none does."""
    return max((rank for rank in range(1, n // 2 + 1) if 1 - 2 * _tail(n, rank) >= CONFIDENCE), default=0)


def _tail(n: int, rank: int) -> float:
    """The chance that fewer than `rank` of n values lie below their true median."""
    return math.fsum(math.comb(n, k) for k in range(rank)) * 0.5**n
