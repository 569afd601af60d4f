"""What a sweep takes over from its ledger, and what it puts aside there: damaged runs, and runs of other code."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from harness.ledger import Ledger, Run, State, relocate
from harness.ledger.canonical import Json
from harness.ledger.lock import is_held
from harness.records import PlannedRun
from harness.sweepfolder import SweepFolder


class TakeOver:
    """Looks runs up; `other_code` names, by table, those it took over although other code made them.

    Among these are `begun`, the ids of runs whose first steps this code was seen to make bit for bit.
    Runs in a state of `anew` are put aside even where they are finished; `replaced` are the ids of all that were.
    """

    def __init__(
        self,
        ledger: Ledger,
        folder: SweepFolder,
        warn: Callable[[str], None],
        reuse_other_code: bool,
        anew: Collection[State],
    ) -> None:
        self.ledger, self.folder, self.warn = ledger, folder, warn
        self.reuse_other_code, self.anew = reuse_other_code, anew
        self.other_code: dict[str, list[str]] = {}
        self.begun: set[str] = set()
        self.replaced: set[str] = set()
        self._has_set_aside = False

    def result(self, run: PlannedRun, code: str) -> Json | None:
        """The run's result, when the ledger has one that `code` made or that may be used all the same."""
        found = self.ledger.run(run.id)
        if found.is_damaged and not is_held(found.lock_path):
            self._replace_damaged(found)
            return None
        result = found.result()
        if result is None:
            return None
        if found.status().state in self.anew:
            self._set_aside(found)
            return None
        if found.code_hash() != code:
            if found.begins_as_by(code):
                self.begun.add(found.id)
            elif not self.reuse_other_code:
                self._replace_other_code(found)
                return None
            self.other_code.setdefault(run.table, []).append(run.id)
        relocate(found, run.spec)
        return result

    def _set_aside(self, found: Run) -> Path:
        place = self.ledger.set_aside(found)
        self.replaced.add(found.id)
        self.folder.log("set_aside", id=found.id, place=place.name)
        return place

    def _replace_damaged(self, found: Run) -> None:
        place = self._set_aside(found)
        self.warn(f"the spec of run {found.id} was damaged; the run is made anew, what was there is kept as {place}")

    def _replace_other_code(self, found: Run) -> None:
        place = self._set_aside(found)
        if not self._has_set_aside:
            self.warn(
                "other code made runs of this sweep that the ledger has; they are made anew, the old ones are kept "
                f"under {place.parent} (--reuse-other-code takes them over instead, and `bestiary runs verify` shows "
                "whether this code makes the same)"
            )
        self._has_set_aside = True
