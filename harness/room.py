"""How many runs a device takes at once: as many as its memory holds, by what runs of the same sort took there."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from harness.ledger.canonical import Json, digest
from harness.pace import workload
from harness.records import PlannedRun

MARGIN = 0.1  # of a device's memory, which stays free
WHOLE = 1.0


class Room:
    """The runs at work in each place, and the share of its memory that each takes.

    `shares` holds what is known, by `sort_of`. Where memory is the limit, a run of which nothing is known has its place
    for itself and is measured there; elsewhere it takes nothing. A run that ran out of memory beside others makes
    its place take fewer from then on, and is alone when it comes again.
    """

    def __init__(self, places: int, by_memory: bool, shares: Mapping[str, float]) -> None:
        self.shares, self.unknown = dict(shares), WHOLE if by_memory else 0.0
        self._limits = [math.inf] * places
        self._place: dict[str, int] = {}
        self._at_work: list[dict[str, float]] = [{} for _ in range(places)]
        self._alone: set[str] = set()
        self._had_company: set[str] = set()

    def place_for(self, run: PlannedRun, free: Collection[int]) -> int | None:
        """The emptiest of the `free` places that holds the run too, or None."""
        fitting = [place for place in free if self._fits(self._share(run), place)]
        return min(fitting, key=lambda place: len(self._at_work[place]), default=None)

    def begin(self, run: PlannedRun, place: int) -> None:
        """A run starts at a place."""
        self._place[run.id], at_work = place, self._at_work[place]
        at_work[run.id] = self._share(run)
        self._had_company.discard(run.id)
        if len(at_work) > 1:
            self._had_company.update(at_work)

    def end(self, run: PlannedRun) -> None:
        """A run is over."""
        del self._at_work[self._place[run.id]][run.id]

    def measure(self, run: PlannedRun, memory: Json | None) -> float | None:
        """Learn from the memory in use at a run's end what such runs take, where it was alone; returns what is new."""
        if memory is None or run.id in self._had_company:
            return None
        sort, share = sort_of(run.spec), float(memory["used"] / memory["total"])
        if share <= self.shares.get(sort, 0.0):
            return None
        self.shares[sort] = share
        return share

    def ran_out(self, run: PlannedRun) -> int | None:
        """Note that a run ended for want of memory beside others; returns how many its place takes from now on.

        None where it was alone: then there is no more to be had.
        """
        if run.id not in self._had_company:
            return None
        self._had_company.discard(run.id)
        self._alone.add(run.id)
        place = self._place[run.id]
        self._limits[place] = limit = max(1, min(len(self._at_work[place]), self._limits[place] - 1))
        return int(limit)

    def _share(self, run: PlannedRun) -> float:
        return WHOLE if run.id in self._alone else self.shares.get(sort_of(run.spec), self.unknown)

    def _fits(self, share: float, place: int) -> bool:
        at_work = self._at_work[place]
        has_memory = sum(at_work.values()) + share <= 1 - MARGIN
        return not at_work or (has_memory and len(at_work) < self._limits[place])


def sort_of(spec: Json) -> str:
    """Names the runs that take as much memory as that of `spec`: a reporting run also decodes, a start is trained."""
    return digest([workload(spec), spec["purpose"], spec.get("init_from")])[:16]
