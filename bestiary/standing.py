"""`bestiary status`: how far a sweep is."""

from typing import Annotated, Any

import typer

from bestiary import options
from bestiary.eta import clock_text
from bestiary.output import say, say_json, say_table
from bestiary.sweep_folders import sweep_folder

Sweep = Annotated[str | None, typer.Argument(help="A sweep's name or folder. Default: the only one in the ledger.")]


def status(sweep: Sweep = None, out: options.Out = options.DEFAULT_LEDGER, as_json: options.AsJson = False) -> None:
    """Say how many runs of a sweep are in which state, and how long the rest may take; reads only."""
    from harness import sweepstatus
    from harness.ledger import Ledger

    root, name = sweep_folder(sweep, out)
    found = sweepstatus.status(Ledger.open(root), name)
    if as_json:
        say_json(found)
        return
    at_work = "a process is at it" if found["running"] else "no process is at it"
    left = found["seconds_left"]
    rest = "all runs are over" if left == 0 else f"about {clock_text(left)} left" if left else "no pace known yet"
    say(f"{name}: {at_work}; {rest}")
    say_table([row_of(table) for table in found["tables"]], ("table", "runs", "states"))


def row_of(table: dict[str, Any]) -> dict[str, Any]:
    states = ", ".join(f"{count} {state}" for state, count in table["states"].items())
    return {"table": table["id"], "runs": table["total"], "states": states}
