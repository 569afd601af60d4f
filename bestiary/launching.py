"""From a sweep to its report: plan, run, tell the verdicts, write the page; `sweep` and `compare` both end here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bestiary import own_catalog, own_files
from bestiary.output import note, say, say_json
from bestiary.screen import follow

if TYPE_CHECKING:
    from bestiary.options import Orders
    from harness.launch import Launch, Outcome
    from harness.ledger import State
    from harness.sweepfile import SweepFile

AGAIN = "command.json"
ASKED_FIRST = "full"


def launch(sweep: SweepFile, words: Sequence[str], orders: Orders) -> int:
    """Run a sweep to its report; the path of the page is the last line. `words` are the command that asks for it."""
    launch_of(orders)  # what cannot be carried out is refused before anything is planned
    if orders.dry_run:
        return show_estimate(sweep, orders)
    if sweep.preset == ASKED_FIRST and not (orders.yes or may_start(sweep, orders)):
        return 0
    outcome = run(sweep, [*words, *again(orders)], orders)
    for problem in outcome.problems:
        note(f"problem: {problem}")
    page = write_report(outcome.folder, orders.out)
    if orders.as_json:
        say_json(answer(outcome, page))
    else:
        say(str(page))
    return outcome.exit_code


def again(orders: Orders) -> list[str]:
    """What a command must repeat to give the same runs, from any working folder."""
    keep = [f"--keep={orders.keep}"] if orders.keep != "last" else []
    return [*keep, *own_catalog.words(), *own_files.words()]


def run(sweep: SweepFile, words: Sequence[str], orders: Orders) -> Outcome:
    """Run what the ledger lacks and tell each table's verdict as it is known."""
    from harness.places import places
    from harness.sweep import run_sweep
    from harness.train.device import choose_device, describe

    note(f"{sweep.title}: preset {sweep.preset}, being planned ...")
    where = places(orders.device, orders.workers)
    workers = f"{where.workers} worker{'s' if where.workers > 1 else ''} with one thread each"
    workers += ", as many of them at a run as memory holds" if where.by_memory else ""
    note(f"device {describe(choose_device(where.device))}; {workers}; ledger {orders.out}")
    folder = orders.out / "sweeps" / sweep.folder
    verdict = note if orders.as_json else say
    with follow(where.parallel, verdict, lambda: remember(folder, words)) as screen:
        return run_sweep(sweep, launch_of(orders), screen)


def launch_of(orders: Orders) -> Launch:
    """The orders in the harness's words."""
    from harness.launch import Launch

    return Launch(
        out=orders.out,
        workers=orders.workers,
        device=orders.device,
        reuse_other_code=orders.reuse_other_code,
        keep=kept_of(orders.keep),
        only=states_of(orders.only or ()),
    )


def kept_of(rule: str) -> Literal["none", "best", "last"]:
    """Which weights are left behind.

    Raises:
        ValueError: there is no such rule.
    """
    for known in ("none", "best", "last"):
        if rule == known:
            return known
    raise ValueError(f"--keep: unknown (got {rule!r}; allowed: none, best, last)")


def states_of(names: Sequence[str]) -> frozenset[State] | None:
    """The states that are run, or None for all that are not over.

    Raises:
        ValueError: a name is none of the states that can be run again.
    """
    from harness.ledger import State

    if not names:
        return None
    again = [state for state in State if state not in (State.DONE, State.RUNNING)]
    allowed = {**{str(state): [state] for state in again}, "failed": [state for state in again if state.failed]}
    if wrong := [name for name in names if name not in allowed]:
        raise ValueError(f"--only: unknown (got {wrong[0]!r}; allowed: {', '.join(sorted(allowed))})")
    return frozenset(state for name in names for state in allowed[name])


def remember(folder: Path, words: Sequence[str]) -> None:
    """Keep the command line beside the plan, for `bestiary resume`."""
    from harness.ledger.files import write_json

    write_json(folder / AGAIN, list(words))


def write_report(folder: Path, root: Path) -> Path:
    import reports

    return reports.write(folder, root)


def answer(outcome: Outcome, page: Path) -> dict[str, Any]:
    """What a program is told of a finished sweep."""
    return {
        "sweep": outcome.folder.name,
        "folder": str(outcome.folder),
        "page": str(page),
        "counts": asdict(outcome.counts),
        "problems": list(outcome.problems),
        "comparison": outcome.comparison,
    }


def show_estimate(sweep: SweepFile, orders: Orders) -> int:
    """Say what the sweep would take, after a few steps of each variant; nothing is written."""
    from harness.dryrun import lines

    found = estimate(sweep, orders)
    if orders.as_json:
        say_json(found)
    else:
        say("\n".join(lines(found)))
    return 0


def estimate(sweep: SweepFile, orders: Orders) -> dict[str, Any]:
    from harness import dryrun
    from harness.pace import clock_of
    from harness.places import places
    from harness.plan import build_plan
    from harness.sweepfolder import stored_plan
    from harness.train.memory import training_bytes

    where = places(orders.device, orders.workers)
    plan = build_plan(sweep, where.sort, before=stored_plan(orders.out, sweep.folder))
    note("timing a few steps of each variant ...")
    paces = dryrun.paces_of(plan, clock_of(where.device), where.sort)
    return dryrun.estimate(plan, paces, where.parallel, training_bytes)


def may_start(sweep: SweepFile, orders: Orders) -> bool:
    """Ask a person before the serious version; a program is not asked."""
    from typer import confirm

    if not sys.stdin.isatty():
        return True
    from harness.dryrun import lines

    note("\n".join(lines(estimate(sweep, orders))))
    return confirm("Start?", err=True)
