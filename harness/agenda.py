"""What is to be run next: tables in order, in each the tuning of all variants before their reporting runs."""

from __future__ import annotations

import heapq

from harness.ledger.canonical import Json
from harness.ledger.states import State
from harness.records import TUNING, PlannedRun, Results, TableRuns, is_settled, total_runs

NEVER: Json = {"state": str(State.NEVER)}


class Agenda:
    """The runs of a plan in the order of their urgency, and the results that came in."""

    def __init__(self, plan: Json) -> None:
        self.tables = {table["id"]: TableRuns(table) for table in plan["tables"]}
        self.total = sum(total_runs(table) for table in plan["tables"])
        self.results: Results = {}
        self._waiting: list[tuple[int, bool, int, PlannedRun]] = []
        self._order: dict[str, int] = {}
        self._done: set[str] = set()

    def lookup(self, identity: str) -> Json:
        """What is known of a run."""
        return self.results.get(identity, NEVER)

    def fresh(self) -> list[PlannedRun]:
        """The runs that became known since this was asked last."""
        found: dict[str, PlannedRun] = {}
        for run in self.known():
            if run.id not in self._order:
                self._order[run.id] = len(self._order)
                found[run.id] = run
        return list(found.values())

    def put(self, run: PlannedRun) -> None:
        """Let a run wait for a worker, at the place its urgency gives it."""
        place = list(self.tables).index(run.table)
        heapq.heappush(self._waiting, (place, run.purpose != TUNING, self._order[run.id], run))

    def take(self) -> PlannedRun | None:
        """The most urgent run that waits, or None."""
        return heapq.heappop(self._waiting)[-1] if self._waiting else None

    @property
    def waits(self) -> bool:
        """Whether a run waits for a worker."""
        return bool(self._waiting)

    def settle(self, run: PlannedRun, result: Json) -> None:
        """Note what became of a run; this may make others known."""
        self.results[run.id] = result

    def newly_complete(self) -> list[str]:
        """The tables of which no run is open any more, each told once."""
        found = [name for name in self.tables if name not in self._done and self._is_complete(name)]
        self._done.update(found)
        return found

    def known(self) -> list[PlannedRun]:
        """Every run that is known, in the plan's order."""
        return [run for table in self.tables.values() for run in table.known(self.lookup)]

    def open(self) -> list[PlannedRun]:
        """The known runs that have come to no end."""
        return [run for run in self.known() if not is_settled(self.lookup(run.id))]

    def _is_complete(self, name: str) -> bool:
        return self.tables[name].is_complete(self.lookup)
