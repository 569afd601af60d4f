"""The budget of a table: what is equal for all arms, and how an arm is made to meet it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from harness.ledger.canonical import Json
from harness.pace import Timing

TOLERANCE = 0.01
COUNTED = {
    "memory": "memory is counted, not measured: weights, gradients, optimizer state and what a step keeps for its "
    "backward pass with a CPU's kernels; what a library sets aside beyond its tensors is not in it"
}
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

    def note(self, sizes: Mapping[str, Size]) -> str | None:
        """What a reader of the plan must know of how the arms' amounts were found."""


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

    def note(self, sizes: Mapping[str, Size]) -> str | None:
        return COUNTED.get(self.name)


@dataclass(frozen=True)
class Rows:
    """All arms read the same rows of data, whatever their number of tokens comes to; no model is changed for it."""

    batch_size: int
    means: str = "change"

    def amount(self, size: Size) -> int:
        return self.batch_size * size.steps

    def solve(self, size: Size, target: float) -> Size:
        return size

    def note(self, sizes: Mapping[str, Size]) -> str | None:
        return None


@dataclass(frozen=True)
class Seconds:
    """Training time, turned into a number of steps by what a step takes."""

    pace: Callable[[Json], Timing]
    means: str = "number of steps"

    def amount(self, size: Size) -> float:
        return size.steps * self.pace(size.spec).seconds

    def solve(self, size: Size, target: float) -> Size:
        return replace(size, steps=max(1, round(target / self.pace(size.spec).seconds)))

    def note(self, sizes: Mapping[str, Size]) -> str | None:
        timings = {name: self.pace(size.spec) for name, size in sizes.items()}
        told = [
            f"{name} {1000 * each.seconds:.3g} ms (rounds {each.spread:.1%} apart)" for name, each in timings.items()
        ]
        return f"seconds of a step, measured in turn and frozen in the plan: {', '.join(told)}"


def misses(residual: float) -> bool:
    """Whether an arm is too far from the budget to be compared."""
    return abs(residual) > TOLERANCE
