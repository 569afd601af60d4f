"""The ledger: a folder of runs named by what they are, and of sweeps named by people."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness.ledger.canonical import Json, run_id
from harness.ledger.errors import BadLedger, LedgerError, storage
from harness.ledger.files import make_folder, write_text
from harness.ledger.lock import Lock
from harness.ledger.run import Run

FORMAT = 2
OURS = {"store", "sweeps", "trunks", "replaced", "index.json", ".gitkeep"}


class Ledger:
    """Runs under `store/<run id>/`, sweeps under `sweeps/<name>/`; results that were replaced under `replaced/`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def create(cls, root: Path) -> Ledger:
        """Open the ledger at `root`, making one where there is none.

        Raises:
            BadLedger: the folder is a ledger of another format, or holds other things.
            StorageFault: it cannot be written.
        """
        mark = root / "format"
        with storage(root):
            if not mark.exists():
                _refuse_strangers(root)
        for folder in (root, root / "store", root / "sweeps"):
            make_folder(folder)
        if not mark.exists():
            write_text(mark, f"{FORMAT}\n")
        return cls.open(root)

    @classmethod
    def open(cls, root: Path) -> Ledger:
        """Open the ledger at `root` for reading.

        Raises:
            BadLedger: there is none, or it has another format.
        """
        try:
            found = (root / "format").read_text(encoding="utf-8", errors="replace").strip()
        except (FileNotFoundError, NotADirectoryError):
            raise BadLedger(f"{root} is no ledger: it has no file `format`; give the folder a sweep wrote to") from None
        if found != str(FORMAT):
            raise BadLedger(
                f"{root}/format: this ledger has format {found or 'nothing'!r}; allowed: {FORMAT}. "
                "Use the version of bestiary that wrote it, or choose another folder"
            )
        return cls(root)

    def run(self, identity: str) -> Run:
        """The run with this id, whether or not it exists yet."""
        return Run(self.root / "store" / identity)

    def run_of(self, spec: Json) -> Run:
        """The run that `spec` describes."""
        return self.run(run_id(spec))

    def find(self, prefix: str) -> Run:
        """The one run whose id starts with `prefix`.

        Raises:
            LedgerError: none does, or several do.
        """
        found = [identity for identity in self.ids() if identity.startswith(prefix)]
        if len(found) == 1:
            return self.run(found[0])
        which = "no run" if not found else f"{len(found)} runs ({', '.join(found[:4])}, …)"
        raise LedgerError(f"run: {which} in {self.root} whose id starts with {prefix!r}; `bestiary runs ls` lists them")

    def ids(self) -> list[str]:
        """The ids of all runs, sorted; a stray file beside their folders is none."""
        try:
            with os.scandir(self.root / "store") as entries:
                return sorted(entry.name for entry in entries if entry.is_dir() and entry.name[0] != ".")
        except FileNotFoundError:
            return []

    def sweep_folder(self, name: str) -> Path:
        """Where the sweep's plan, comparison and report lie."""
        return self.root / "sweeps" / name

    def sweeps(self) -> list[str]:
        """The names of all sweeps, sorted."""
        return sorted(path.parent.name for path in (self.root / "sweeps").glob("*/plan.json"))

    def lock_sweep(self, name: str) -> Lock:
        """The lock that one launch of a sweep holds."""
        return Lock(self.sweep_folder(name) / "lock", f"sweep {name!r} in {self.root}")

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Hold every sweep's lock, so that none is run while runs are taken away or put in.

        Raises:
            Busy: one is being run; the message names it and its process.
        """
        with ExitStack() as held:
            for folder in sorted(path for path in (self.root / "sweeps").glob("*") if path.is_dir()):
                held.enter_context(self.lock_sweep(folder.name))
            yield

    def set_aside(self, run: Run) -> Path:
        """Move a run that is to be made anew out of the way; nothing is deleted."""
        attic = self.root / "replaced"
        make_folder(attic)
        number = 1
        while (attic / f"{run.id}.{number}").exists():
            number += 1
        place = attic / f"{run.id}.{number}"
        with storage(attic):
            run.folder.replace(place)
        return place


def _refuse_strangers(root: Path) -> None:
    if not root.exists():
        return
    if not root.is_dir():
        raise BadLedger(f"{root} is a file; a ledger is a folder: choose another path")
    # another process may be making this ledger at this moment: its mark has another name until it is whole
    names = {path.name for path in root.iterdir() if not path.name.startswith(".format.")}
    strangers = sorted(names - OURS)
    if strangers:
        raise BadLedger(
            f"{root} holds other files ({', '.join(strangers[:3])}) and no ledger; choose an empty or a new folder"
        )
