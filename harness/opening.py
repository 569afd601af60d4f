"""The model behind a name: a checkpoint's folder, an entry that nobody has trained, or a trained run."""

from __future__ import annotations

from pathlib import Path

from catalog import Catalog
from catalog.errors import did_you_mean
from harness.checkpoint import open_checkpoint, open_untrained
from harness.ledger import Ledger
from harness.saved import load_run
from harness.writer import Writer


def open_writer(name: str, ledger: Path, device: str | None = None) -> Writer:
    """The folder of a checkpoint, an entry's id, or else a run's id in a ledger.

    Raises:
        LedgerError: there is no such run, or it left no weights.
        ValueError: the folder holds no model that is known.
    """
    if Path(name).is_dir():
        return open_checkpoint(Path(name), device)
    entries = Catalog().sources
    if name in entries:
        return open_untrained(name, device)
    if not (ledger / "format").exists():
        near = did_you_mean(name, entries)
        hint = f"; did you mean {near}?" if near else ""
        raise ValueError(f"model: no folder and no entry is called {name!r}, and {ledger} holds no runs{hint}")
    return load_run(Ledger.open(ledger).find(name), device)
