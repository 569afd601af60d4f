"""`bestiary runs`: look at the runs of a ledger, take in those of another, verify, export and clean."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bestiary import options
from bestiary.output import say, say_json, say_table

if TYPE_CHECKING:
    from harness.verify import Verified

app = typer.Typer(help="The runs of a ledger.", no_args_is_help=True)
Ids = Annotated[list[str], typer.Argument(help="The ids of runs, or the first letters of each.")]
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
    from harness.ledger import Ledger, State, chosen, query

    wanted = {"sweep": sweep, "variant": variant, "task": task, "state": state}
    every = query(Ledger.open(out))
    known = {
        "sweep": {name for row in every for name in row.sweeps},
        "variant": {name for row in every for name in row.variants},
        "task": {row.task for row in every},
        "state": set(map(str, State)),
    }
    for field, value in wanted.items():
        if value is not None and (every or field == "state"):
            refuse_unknown(field, value, sorted(known[field]))
    rows = [vars(row) for row in chosen(every, **wanted)]
    if as_json:
        say_json(rows)
    elif rows:
        say_table(rows, COLUMNS)
    else:
        say(f"no such run in {out}")


def refuse_unknown(field: str, value: str, known: list[str]) -> None:
    """Refuse a value that no run has.

    Raises:
        ValueError: it is not among the known ones.
    """
    from catalog.errors import did_you_mean

    if value not in known:
        near = did_you_mean(value, known)
        hint = f"; did you mean {near}?" if near else ""
        raise ValueError(f"{field}: unknown (got {value!r}; allowed: {', '.join(known)}{hint})")


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


@app.command("rm")
def rm(
    runs: Ids,
    out: options.Out = options.DEFAULT_LEDGER,
    as_json: options.AsJson = False,
) -> None:
    """Delete runs; a sweep that needs one makes it again at its next launch."""
    from harness.ledger import Ledger, remove

    ledger = Ledger.open(out)
    found = [ledger.find(run) for run in runs]
    remove(ledger, found)
    if as_json:
        say_json({"removed": [run.id for run in found]})
    else:
        say(f"removed {', '.join(run.id for run in found)}")


@app.command("gc")
def gc(
    out: options.Out = options.DEFAULT_LEDGER,
    unused: Annotated[bool, typer.Option("--unused", help="Also finished runs that no sweep names.")] = False,
    dry_run: options.DryRun = False,
    as_json: options.AsJson = False,
) -> None:
    """Make room: replaced runs, shared trunks, and what killed processes left behind."""
    from harness.ledger import Ledger, discard, waste

    ledger = Ledger.open(out)
    found = waste(ledger, unused) if dry_run else discard(ledger, unused)
    size = sum(item.size for item in found)
    rows = [{"path": str(item.path.relative_to(ledger.root)), "bytes": item.size, "why": item.why} for item in found]
    if as_json:
        say_json({"removed": not dry_run, "bytes": size, "found": rows})
        return
    if rows:
        say_table(rows, ("path", "bytes", "why"))
    say(f"{size / 1e6:.1f} MB {'would be' if dry_run else 'are'} free")


@app.command("verify")
def verify(
    runs: Ids,
    out: options.Out = options.DEFAULT_LEDGER,
    steps: Annotated[str, typer.Option(help="How many steps to replay, or `all`. Default: to the first record.")] = "1",
    device: options.Device = None,
    as_json: options.AsJson = False,
) -> int:
    """Replay the first steps of runs, or all of them, and say whether what was replayed is bit-equal."""
    from harness.ledger import Ledger
    from harness.verify import verify as replay

    ledger, until = Ledger.open(out), steps_of(steps)
    found = []
    for run in [ledger.find(run) for run in runs]:
        found.append(replay(run, until, device))
        if not as_json:
            say(f"{run.id}: {told_of(found[-1])}")
    if as_json:
        say_json([asdict(each) | {"equal": each.is_equal} for each in found])
    return 0 if all(each.is_equal for each in found) else 1


def steps_of(text: str) -> int | None:
    """How many steps are replayed; None for all.

    Raises:
        ValueError: it is no number of steps.
    """
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"--steps: is no number of steps (got {text!r}; allowed: 1, 2, 3 …, or all)")
    return int(text)


def told_of(found: "Verified") -> str:
    """What a replay came to, in a sentence that claims no more than was replayed."""
    if not found.is_equal:
        return f"differs: {found.difference}"
    if found.whole:
        place = f"all {found.step} steps and the last evaluation replayed, bit-equal"
        return f"{place}; code {found.code} counts as its maker"
    place = f"steps 1-{found.step} of {found.steps} replayed, bit-equal ({found.lines} lines)"
    return f"{place}; nothing is known of what comes later"


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="The table to write: a name that ends in .csv or .parquet.")],
    out: options.Out = options.DEFAULT_LEDGER,
    sweep: Annotated[str | None, typer.Option(help="Only the runs of this sweep.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Write the runs of a ledger as a table for other programs."""
    from harness.export import export as write
    from harness.ledger import Ledger

    count = write(Ledger.open(out), file, sweep)
    if as_json:
        say_json({"runs": count, "file": str(file)})
    else:
        say(f"{count} runs in {file}")
