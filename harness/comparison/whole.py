"""Reads losses back from a table's record, for what is computed over several tables or arms."""

import math

from harness.comparison.results import Json
from harness.ledger.states import State


def arm_of(table: Json, name: str) -> Json:
    """The record of an arm by its name."""
    return next(arm for arm in table["arms"] if arm["name"] == name)


def open_arms(table: Json) -> list[str]:
    """The arms that wait for a reporting run, by name."""
    return sorted(arm["name"] for arm in table["arms"] if not all(State(state).finished for state in arm["states"]))


def losses_by_seed(table: Json, name: str) -> dict[int, float]:
    """A finished arm's losses, infinite where the run diverged, in the order of seeds."""
    losses = arm_of(table, name)["per_seed"]
    return {int(seed): math.inf if loss is None else loss for seed, loss in losses.items()}
