"""Which sweep a person means: by name, by folder, or the only one there is."""

from pathlib import Path


def sweep_folder(given: str | None, out: Path) -> tuple[Path, str]:
    """The ledger's folder and the sweep's name; `given` is a name in the ledger `out`, a sweep's folder or a ledger's.

    Raises:
        LedgerError: there is no such sweep, or several and none was named.
    """
    from catalog.errors import did_you_mean
    from harness.ledger import Ledger, LedgerError

    folder = Path(given) if given else out
    if (folder / "plan.json").exists():
        folder = folder.resolve()
        return folder.parent.parent, folder.name
    root = folder if (folder / "format").exists() else out
    names = Ledger.open(root).sweeps()
    if given in names:
        return root, str(given)
    if len(names) == 1 and (given is None or root == folder):
        return root, names[0]
    what = f"no sweep {given!r}" if given and root != folder else f"{len(names)} sweeps: name one"
    near = did_you_mean(given, names) if given else None
    known = f"; there are: {', '.join(names)}" if names else "; run `bestiary sweep` first"
    raise LedgerError(f"sweep: {what} in {root}{known}{f'; did you mean {near}?' if near else ''}")
