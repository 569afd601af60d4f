"""`bestiary runs`: look at the runs of a ledger, and take in those of another."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bestiary import options
from bestiary.output import say, say_json, say_table

app = typer.Typer(help="The runs of a ledger.", no_args_is_help=True)
COLUMNS = ("id", "state", "task", "variants", "learning_rate", "seed", "purpose", "loss", "test_loss", "sweeps")


@app.command("ls")
def ls(
    out: options.Out = options.DEFAULT_LEDGER,
    sweep: Annotated[str | None, typer.Option(help="Only the runs of this sweep.")] = None,
    variant: Annotated[str | None, typer.Option(help="Only the runs of this variant.")] = None,
    task: Annotated[str | None, typer.Option(help="Only the runs on this task.")] = None,
    state: Annotated[str | None, typer.Option(help="Only the runs in this state.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """List runs, newest first."""
    from harness.ledger import Ledger, State, query

    if state is not None and state not in list(State):
        raise ValueError(f"state: unknown (got {state!r}; allowed: {', '.join(State)})")
    rows = [asdict(row) for row in query(Ledger.open(out), sweep=sweep, variant=variant, task=task, state=state)]
    if as_json:
        say_json(rows)
    elif rows:
        say_table(rows, COLUMNS)
    else:
        say(f"no such run in {out}")


@app.command("merge")
def merge(
    source: Annotated[Path, typer.Argument(help="The other ledger's folder.")],
    out: options.Out = options.DEFAULT_LEDGER,
    as_json: options.AsJson = False,
) -> None:
    """Copy the finished runs of another ledger into this one; nothing here is overwritten."""
    from harness.ledger import Ledger
    from harness.ledger import merge as take_in

    merged = asdict(take_in(Ledger.create(out), source))
    if as_json:
        say_json(merged)
    else:
        say(", ".join(f"{count} {fate}" for fate, count in merged.items()))
