"""What a report is made of: the plan, the comparison and the runs of one sweep, read from its folder and the ledger.

Everything here is deterministic; seconds, memory and hosts are read by `reports.costs` alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Record = dict[str, Any]
FAILED = ("diverged", "oom", "error")
PURPOSES = ("reporting", "a/a", "tuning", "planned")


@dataclass(frozen=True)
class Run:
    """One run of a table; `purpose` is one of PURPOSES, `planned` where nothing is known of it yet.

    `loss` is on the validation split, `test_loss` on the test split; None where there is none."""

    id: str
    variant: str
    purpose: str
    spec: Record
    state: str
    step: int
    result: Record
    metrics: tuple[Record, ...]
    failure: str

    @property
    def learning_rate(self) -> float | None:
        return self.spec["train"]["learning_rate"]  # type: ignore[no-any-return]

    @property
    def seed(self) -> int | None:
        return self.spec["seed"]  # type: ignore[no-any-return]

    @property
    def loss(self) -> float | None:
        return split_loss(self.result, "val")

    @property
    def test_loss(self) -> float | None:
        return split_loss(self.result, "test")


@dataclass(frozen=True)
class Table:
    """One comparison: what was planned, what came out (empty before the first comparison), and its runs."""

    plan: Record
    comparison: Record
    runs: tuple[Run, ...]

    @property
    def id(self) -> str:
        return str(self.plan["id"])

    @property
    def title(self) -> str:
        return str(self.plan.get("title") or self.id)

    @property
    def metric(self) -> str:
        return str(self.plan["metric"])

    @property
    def baseline(self) -> str:
        return str(self.plan["baseline"])

    @property
    def margin(self) -> float | None:
        return self.plan.get("margin")

    @cached_property
    def arms(self) -> tuple[str, ...]:
        """Names, the baseline first: an arm's place here decides its colour and marker."""
        names = self.plan.get("arms") or sorted(self.plan["variants"])
        return (self.baseline, *(name for name in names if name != self.baseline))

    def compared(self) -> list[Record]:
        """The arms of the comparison, best tier first."""
        return list(self.comparison.get("arms", []))

    def arm(self, name: str) -> Record:
        return next((arm for arm in self.compared() if arm["name"] == name), {})

    def select(self, purpose: str, variant: str | None = None) -> list[Run]:
        return [run for run in self.runs if run.purpose == purpose and variant in (None, run.variant)]


@dataclass(frozen=True)
class Together:
    """What several tables say together: scores over tasks, or a law over sizes; `kind` is `tasks` or `ladders`."""

    kind: str
    record: Record
    tables: tuple[Table, ...]

    @property
    def id(self) -> str:
        return f"{self.kind}-{'-'.join(table.id for table in self.tables)}"

    @property
    def title(self) -> str:
        names = [table.title for table in self.tables]
        return f"Several tasks: {', '.join(names)}" if self.kind == "tasks" else f"From {names[0]} to {names[-1]}"

    @property
    def baseline(self) -> str:
        return self.tables[0].baseline

    @property
    def arms(self) -> tuple[str, ...]:
        """As the tables place them, so that an arm keeps its look."""
        return self.tables[0].arms


@dataclass(frozen=True)
class Sweep:
    plan: Record
    tables: tuple[Table, ...]
    together: tuple[Together, ...] = ()

    @property
    def name(self) -> str:
        return str(self.plan["name"])

    @property
    def title(self) -> str:
        return str(self.plan.get("title") or self.name)

    @property
    def runs(self) -> Iterator[Run]:
        return (run for table in self.tables for run in table.runs)


def split_loss(result: Record, split: str) -> float | None:
    loss = (result.get(split) or {}).get("loss")
    return None if loss is None else float(loss)
