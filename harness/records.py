"""The runs of a plan and the records of a sweep's folder; everything follows from the plan and the ledger."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.comparison import choose_rate
from harness.ledger import Ledger, Run, State, run_id
from harness.ledger.canonical import Json

FORMAT = 1
AA = "a/a"
TUNING, REPORTING = "tuning", "reporting"
EXECUTOR = "single"

Results = dict[str, Json]  # by run id
Lookup = Callable[[str], Json]


@dataclass(frozen=True)
class PlannedRun:
    """A run in its place: `purpose` is tuning, reporting or a/a; `spec` is what the ledger hashes."""

    table: str
    variant: str
    purpose: str
    learning_rate: float
    seed: int
    spec: Json

    @cached_property
    def id(self) -> str:
        """The run's id in the ledger."""
        return run_id(self.spec)

    def row(self) -> Json:
        """The run as the sweep's `runs.json` lists it."""
        named = {"table": self.table, "variant": self.variant, "purpose": self.purpose}
        return {"id": self.id, **named, "learning_rate": self.learning_rate, "seed": self.seed}


def tuning_runs(table: Json, variant: str) -> list[PlannedRun]:
    """The runs that find a variant's best rate."""
    return [
        planned(table, variant, TUNING, rate, seed)
        for rate in table["learning_rates"]
        for seed in table["tuning_seeds"]
    ]


def reporting_runs(table: Json, variant: str, rate: float) -> list[PlannedRun]:
    """The runs of a variant at its best rate; the baseline also runs as its own rival, initialised anew."""
    purposes = [REPORTING, AA] if variant == table["baseline"] else [REPORTING]
    return [planned(table, variant, purpose, rate, seed) for purpose in purposes for seed in table["reporting_seeds"]]


def planned(table: Json, variant: str, purpose: str, rate: float, seed: int) -> PlannedRun:
    """One run of a table."""
    arm = table["variants"][variant]
    spec = {
        "format": FORMAT,
        "model": arm["spec"],
        "task": table["task"],
        "data": table["data"],
        "train": {**table["train"], "steps": arm["steps"], "learning_rate": rate},
        "seed": seed,
        "salt": AA if purpose == AA else "",
        "purpose": TUNING if purpose == TUNING else REPORTING,
        "executor": EXECUTOR,
        **({"init_from": arm["init_from"]} if "init_from" in arm else {}),
    }
    return PlannedRun(table["id"], variant, purpose, rate, seed, spec)


def first_run(task: Json, model: Json, train: Json) -> Json:
    """The spec of a run that is only timed: a table's training of a model, before there is a plan."""
    return {"model": model, "task": task, "train": train, "seed": 0, "salt": "", "purpose": TUNING}


def total_runs(table: Json) -> int:
    """How many runs a table takes when every variant finds its rate."""
    arms, rates = len(table["variants"]), len(table["learning_rates"])
    return arms * rates * len(table["tuning_seeds"]) + (arms + 1) * len(table["reporting_seeds"])


def is_settled(result: Json) -> bool:
    """Whether nothing more is to be expected of a run in this launch."""
    state = State(result["state"])
    return state.finished or state.failed


class TableRuns:
    """The runs of a table as far as they are known: reporting runs appear when a variant's tuning is over."""

    def __init__(self, table: Json) -> None:
        self.table = table
        self.tuning = {name: tuning_runs(table, name) for name in table["arms"]}
        self._reporting: dict[tuple[str, float], list[PlannedRun]] = {}

    def known(self, lookup: Lookup) -> Iterator[PlannedRun]:
        """All runs that are known, tuning first."""
        for runs in self.tuning.values():
            yield from runs
        for name in self.tuning:
            yield from self.reporting(name, lookup)

    def reporting(self, variant: str, lookup: Lookup) -> list[PlannedRun]:
        """A variant's runs at its best rate; none before its tuning is over, or when all of it failed."""
        results = {(run.learning_rate, run.seed): lookup(run.id) for run in self.tuning[variant]}
        tried = [result for result in results.values() if State(result["state"]).finished]
        if not tried or not all(is_settled(result) for result in results.values()):
            return []
        rate, _ = choose_rate(results, self.table["learning_rates"])
        return self._reporting.setdefault((variant, rate), reporting_runs(self.table, variant, rate))

    def is_complete(self, lookup: Lookup) -> bool:
        """Whether every run that can be known is settled."""
        return all(is_settled(lookup(run.id)) for run in self.known(lookup))

    def results(self, lookup: Lookup) -> Json:
        """What `harness.comparison` compares."""
        found: dict[str, Any] = {}
        for run in self.known(lookup):
            name = AA if run.purpose == AA else run.variant
            arm = found.setdefault(name, {})
            key: Any = (run.learning_rate, run.seed) if run.purpose == TUNING else run.seed
            arm.setdefault(TUNING if run.purpose == TUNING else REPORTING, {})[key] = lookup(run.id)
        return found


def from_ledger(ledger: Ledger) -> Lookup:
    """A lookup that reads the ledger."""

    def lookup(identity: str) -> Json:
        return outcome_of(ledger.run(identity))

    return lookup


def outcome_of(run: Run) -> Json:
    """A run's result, or its state alone where it has none."""
    result = run.result()
    if result is not None:
        return result
    state = run.status().state
    # a finished state without a result is a damaged record, which is made anew
    return {"state": str(State.INTERRUPTED if state.finished else state)}


def nothing_learned(table: Mapping[str, Any]) -> str | None:
    """Why a compared table shows no learning: no arm beats every row without a model; None when one does."""
    rows = table["trivial"]
    if not rows:
        return None
    winners = set.intersection(*(set(row["beaten_by"]) for row in rows))
    if winners:
        return None
    hardest = min(rows, key=lambda row: row["loss"] if row["loss"] is not None else math.inf)
    return (
        f"{table['title']}: no arm beats {hardest['name']} ({hardest['loss']:.4g} {table['metric']}), "
        "which needs no model: nothing was learned that is worth comparing; train longer or widen the rates"
    )
