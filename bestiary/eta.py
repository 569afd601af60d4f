"""When a sweep will be over: from what its runs took so far, arm by arm."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from statistics import mean
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.records import PlannedRun

Arm = tuple[str, str]
ENOUGH = 0.02  # of a run, before its own pace says anything


class Eta:
    """Counts runs that are left and times those that ran; a run that was taken over cost nothing and tells nothing."""

    def __init__(self, plan: dict[str, Any], workers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.workers = clock, workers
        self.left: Counter[Arm] = Counter()
        self.tokens: dict[Arm, float] = {}
        self._taken: dict[Arm, list[float]] = {}
        self._begun: dict[str, tuple[Arm, float]] = {}
        self._share: dict[str, float] = {}
        for table in plan["tables"]:
            for name in table["arms"]:
                arm = (table["id"], name)
                self.left[arm] = runs_of(table, name)
                self.tokens[arm] = table["variants"][name]["steps"] * table["variants"][name]["tokens_per_step"]

    def started(self, run: PlannedRun) -> None:
        self._begun[run.id] = ((run.table, run.variant), self.clock())

    def stepped(self, run: PlannedRun, step: int, steps: int) -> None:
        self._share[run.id] = step / steps

    def finished(self, run: PlannedRun) -> None:
        """A run ended; one that was started here tells how long its kind takes."""
        arm = (run.table, run.variant)
        self.left[arm] -= 1
        self._share.pop(run.id, None)
        if begun := self._begun.pop(run.id, None):
            self._taken.setdefault(arm, []).append(self.clock() - begun[1])

    def seconds(self) -> float | None:
        """Seconds until the last run is over; None before the first one has shown its pace."""
        paces = self._paces()
        if not paces:
            return None
        per_token = mean(pace / self.tokens[arm] for arm, pace in paces.items())
        work = sum(max(0, count) * paces.get(arm, per_token * self.tokens[arm]) for arm, count in self.left.items())
        at_work = [(arm, self._share.get(run, 0.0)) for run, (arm, _) in self._begun.items()]
        done = sum(share * paces.get(arm, per_token * self.tokens[arm]) for arm, share in at_work)
        return max(0.0, work - done) / self.workers

    def _paces(self) -> dict[Arm, float]:
        """Seconds of one run by arm: the mean of whole runs, or what a run at work points to."""
        now = self.clock()
        paces = {
            arm: (now - since) / share
            for run, (arm, since) in self._begun.items()
            if (share := self._share.get(run, 0.0)) >= ENOUGH
        }
        return paces | {arm: mean(taken) for arm, taken in self._taken.items()}


def runs_of(table: dict[str, Any], arm: str) -> int:
    """How many runs an arm takes; the baseline also runs against itself."""
    reports = len(table["reporting_seeds"]) * (2 if arm == table["baseline"] else 1)
    return len(table["learning_rates"]) * len(table["tuning_seeds"]) + reports


def clock_text(seconds: float | None) -> str:
    """3:07 or 1:02:45; a dash where nothing is known."""
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
