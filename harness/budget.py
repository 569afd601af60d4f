"""The budget of a table: what is equal for all arms, and how an arm is made to meet it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from harness.ledger.canonical import Json, digest

TOLERANCE = 0.01
Measure = Callable[[Json], int]


@dataclass(frozen=True)
class Size:
    """What a budget decides of an arm: its resolved spec, and for how many steps it is trained."""

    spec: Json
    steps: int


class View(Protocol):
    """One thing that arms can have in common, by its name in a sweep file; `means` is what is changed for it."""

    @property
    def means(self) -> str: ...

    def amount(self, size: Size) -> float:
        """How much of it an arm has."""

    def solve(self, size: Size, target: float) -> Size:
        """The arm with as nearly `target` of it as can be.

        Raises:
            ValueError: nothing near can be had; says what could.
        """


@dataclass(frozen=True)
class Widths:
    """A view that is met by the widths of the model; `resize` is that of `variants`."""

    name: str
    measure: Measure
    resize: Callable[[Json, int, str, Measure], Json]
    means: str = "width"

    def amount(self, size: Size) -> int:
        return self.measure(size.spec)

    def solve(self, size: Size, target: float) -> Size:
        return replace(size, spec=self.resize(copy.deepcopy(size.spec), int(target), self.name, self.measure))


@dataclass(frozen=True)
class Rows:
    """All arms read the same rows of data, whatever their number of tokens comes to; no model is changed for it."""

    batch_size: int
    means: str = "change"

    def amount(self, size: Size) -> int:
        return self.batch_size * size.steps

    def solve(self, size: Size, target: float) -> Size:
        return size


@dataclass(frozen=True)
class Seconds:
    """Training time, turned into a number of steps by what a step takes."""

    pace: Callable[[Json], float]
    means: str = "number of steps"

    def amount(self, size: Size) -> float:
        return size.steps * self.pace(size.spec)

    def solve(self, size: Size, target: float) -> Size:
        return replace(size, steps=max(1, round(target / self.pace(size.spec))))


class Pace:
    """Seconds per step of a table's models, each measured once and then frozen: a plan that has it keeps it.

    `frozen` holds what earlier plans of the sweep measured, by key; `used` what this one takes, by key.
    """

    def __init__(self, measure: Callable[[Json], float], frozen: Mapping[str, float], salt: Any) -> None:
        self.measure, self.frozen, self.salt = measure, frozen, salt
        self.used: dict[str, float] = {}

    def __call__(self, spec: Json) -> float:
        key = self.key(spec)
        if key not in self.used:
            self.used[key] = self.frozen.get(key) or self.measure(spec)
        return self.used[key]

    def key(self, spec: Json) -> str:
        """Names a model and all that decides how long its step takes."""
        return digest([spec, self.salt])[:16]


def frozen_paces(plan: Json | None) -> dict[str, float]:
    """The calibrations that a stored plan holds, by key."""
    tables = (plan or {}).get("tables") or []
    return {key: pace for table in tables for key, pace in (table["budget"].get("calibration") or {}).items()}


def misses(residual: float) -> bool:
    """Whether an arm is too far from the budget to be compared."""
    return abs(residual) > TOLERANCE
