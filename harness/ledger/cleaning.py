"""Making room in a ledger: what can be removed without losing a result, and runs that a person no longer wants."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.ledger.errors import BadLedger, LedgerError, storage
from harness.ledger.files import read_json
from harness.ledger.lock import Lock, is_held
from harness.ledger.run import Run
from harness.ledger.store import Ledger


@dataclass(frozen=True)
class Waste:
    """A folder that nothing needs, why, and its size in bytes."""

    path: Path
    why: str
    size: int


def waste(ledger: Ledger, unused: bool = False) -> list[Waste]:
    """What `gc` removes: replaced runs, shared trunks, litter of killed processes, checkpoints of finished runs.

    With `unused` also finished runs that no sweep names; they may have been merged for one to come.
    """
    found = [*_children(ledger.root / "replaced", "was replaced"), *_children(ledger.root / "trunks", "a shared trunk")]
    found += [(path, "left by a killed process") for path in (ledger.root / "store").glob(".*")]
    named = _named(ledger) if unused else set()
    for run in map(ledger.run, ledger.ids()):
        if is_held(run.lock_path):
            continue
        found += [(path, "a checkpoint that was put aside") for path in run.folder.glob("checkpoint.unusable")]
        if run.noted().state.finished:
            found += [(path, "a checkpoint of a finished run") for path in run.folder.glob("checkpoint")]
        if unused and run.id not in named:
            found.append((run.folder, "no sweep names it"))
    return [Waste(path, why, _size(path)) for path, why in found]


def discard(ledger: Ledger, unused: bool = False) -> list[Waste]:
    """Remove what `waste` finds, and return it.

    Raises:
        Busy: a sweep is being run in this ledger, which may need any of it.
    """
    with ledger.quiet():
        found = waste(ledger, unused)
        for item in found:
            with storage(item.path):
                shutil.rmtree(item.path) if item.path.is_dir() else item.path.unlink(missing_ok=True)
    return found


def remove(ledger: Ledger, runs: Iterable[Run]) -> None:
    """Delete runs; the next launch of a sweep that needs one makes it again.

    Raises:
        LedgerError: there is no such run.
        Busy: a process is at one, or a sweep is being run in this ledger, which may count on it.
    """
    with ledger.quiet():
        for run in {run.id: run for run in runs}.values():
            _remove(run)


def _remove(run: Run) -> None:
    if not run.folder.is_dir():
        raise LedgerError(f"run: {run.id} is not in this ledger; `bestiary runs ls` lists those that are")
    with Lock(run.lock_path, f"run {run.id}"), storage(run.folder):
        shutil.rmtree(run.folder)


def _children(folder: Path, why: str) -> Iterator[tuple[Path, str]]:
    yield from ((path, why) for path in sorted(folder.glob("*")))


def _named(ledger: Ledger) -> set[str]:
    named: set[str] = set()
    for name in ledger.sweeps():
        try:
            named |= {row["id"] for row in read_json(ledger.sweep_folder(name) / "runs.json")}
        except FileNotFoundError:
            continue
        except (BadLedger, KeyError, TypeError) as error:
            raise BadLedger(f"gc: cannot tell which runs sweep {name!r} needs ({error})") from error
    return named


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
