"""Taking in runs that were made elsewhere, as folders."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from harness.ledger.errors import BadLedger, LedgerError, storage
from harness.ledger.files import make_folder
from harness.ledger.run import Run
from harness.ledger.states import State
from harness.ledger.store import Ledger


@dataclass(frozen=True)
class Merged:
    """How many runs were copied, were here already, took the place of an unfinished one, or were left behind."""

    copied: int = 0
    present: int = 0
    replaced: int = 0
    unfinished: int = 0


def merge(ledger: Ledger, source: Path) -> Merged:
    """Copy the finished runs of the ledger at `source` into `ledger`.

    Every run is checked before the first is copied.

    Raises:
        Busy: a sweep is being run in `ledger`, which may be at any of the runs.
        BadLedger: `source` has another format, or a run there is damaged.
        LedgerError: a run is finished in both and differs; both ledgers stay as they are.
    """
    other = Ledger.open(source)
    if other.root.resolve() == ledger.root.resolve():
        raise LedgerError(f"merge: {source} is this ledger itself; give another folder")
    with ledger.quiet():
        return _merge(ledger, other)


def _merge(ledger: Ledger, other: Ledger) -> Merged:
    counts = {"copied": 0, "present": 0, "replaced": 0, "unfinished": 0}
    todo: list[tuple[str, Run]] = []
    for identity in other.ids():
        fate = _fate(other.run(identity), ledger.run(identity))
        counts[fate] += 1
        todo.append((fate, other.run(identity)))
    for fate, run in todo:
        if fate == "replaced":
            ledger.set_aside(ledger.run(run.id))
        if fate in ("copied", "replaced"):
            _copy(run, ledger)
    return Merged(**counts)


def _fate(theirs: Run, ours: Run) -> str:
    theirs.spec()
    if not theirs.noted().state.finished:
        return "unfinished"
    if theirs.result() is None:
        raise BadLedger(f"{theirs.folder}/result.json is missing or damaged; move the run away and merge again")
    if not ours.folder.exists():
        return "copied"
    if ours.result() is None:
        _refuse_running(ours)
        return "replaced"
    # a result holds the digest of its curve; a spec is known by its id, and may name another place of the same data
    if theirs.result() != ours.result():
        raise LedgerError(
            f"merge: run {ours.id} is finished in both ledgers with different results "
            f"({theirs.folder}, {ours.folder}); nothing was copied: find out which is right and remove the other"
        )
    return "present"


def _refuse_running(run: Run) -> None:
    if run.status().state is State.RUNNING:
        raise LedgerError(f"merge: run {run.id} is being run here right now; wait for the sweep to end")


def _copy(run: Run, ledger: Ledger) -> None:
    # a copy that is cut short must not look like a run, so it gets its name last
    hidden = ledger.root / "store" / f".{run.id}.copy"
    make_folder(hidden.parent)
    with storage(hidden):
        shutil.rmtree(hidden, ignore_errors=True)
        shutil.copytree(run.folder, hidden, ignore=shutil.ignore_patterns("lock", ".*"))
        hidden.replace(ledger.root / "store" / run.id)
