"""Reads a run's result: its state, its loss on a split, the metrics it shows."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from harness.ledger.states import State

Json = dict[str, Any]
Result = Mapping[str, Any]
ABSENT: Result = {"state": State.NEVER.value}
GRAVITY = (State.NEVER, State.RUNNING, State.INTERRUPTED, State.OOM, State.ERROR, State.DIVERGED, State.DONE)


def loss_of(result: Result, split: str) -> float:
    """The loss on `split`, infinite where the run diverged.

    Raises:
        ValueError: the run is done and has no loss on that split.
    """
    if state_of(result) == State.DIVERGED:
        return math.inf
    loss = (result.get(split) or {}).get("loss")
    if loss is None:
        raise ValueError(f"{split}: run {result.get('id', '?')} is done without a {split} loss; allowed: a number")
    return float(loss)


def state_of(result: Result) -> State:
    """The run's state; a finished run whose loss is no number counts as diverged.

    Raises:
        ValueError: the state is none of the ledger's.
    """
    state = State(result["state"])
    losses = [(result.get(split) or {}).get("loss") for split in ("val", "test")]
    infinite = any(loss is not None and not math.isfinite(loss) for loss in losses)
    return State.DIVERGED if state == State.DONE and infinite else state


def reporting_split(results: Iterable[Result]) -> str:
    """The split that verdicts stand on: "test" where the task has one, else "val".

    Raises:
        ValueError: some finished runs have a test loss and some do not.
    """
    done = [result for result in results if state_of(result) == State.DONE]
    tested = [result for result in done if result.get("test")]
    if tested and len(tested) < len(done):
        without = next(result for result in done if not result.get("test"))
        raise ValueError(
            f"test: run {without.get('id', '?')} has no test loss, others of its table have; allowed: one or none"
        )
    return "test" if tested else "val"


def shown_of(result: Result) -> dict[str, float]:
    """The numbers a finished run shows beside its loss, as fractions."""
    shown = result.get("shown") or {}
    if state_of(result) != State.DONE:
        return {}
    return {name: float(value) for name, value in shown.items() if is_number(value)}


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def gravest(states: Iterable[State]) -> State:
    """The state that speaks for several runs: done only where all are, unfinished where one is."""
    return min(states, key=GRAVITY.index, default=State.NEVER)


def counted(states: Iterable[State]) -> dict[str, int]:
    """How many runs are in each state."""
    counts = Counter(state.value for state in states)
    return {name: counts[name] for name in sorted(counts)}
