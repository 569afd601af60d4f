"""Where a sweep stands: runs by state, and when it may be over; reads the ledger, writes nothing."""

from __future__ import annotations

from collections import Counter
from statistics import mean

from harness.ledger import BadLedger, Ledger, State
from harness.ledger.canonical import Json
from harness.ledger.files import read_lines
from harness.ledger.lock import is_held
from harness.records import PlannedRun, TableRuns, from_ledger, total_runs
from harness.sweepfolder import stored_plan


def status(ledger: Ledger, name: str) -> Json:
    """{"name", "plan_hash", "running", "total", "states", "seconds_left", "tables": [...]}.

    `running` says whether a process is at it; `seconds_left` is None while no run has told what it costs.

    Raises:
        BadLedger: there is no such sweep.
    """
    folder = ledger.sweep_folder(name)
    if not (folder / "plan.json").exists():
        known = ", ".join(ledger.sweeps()) or "none yet"
        raise BadLedger(f"sweep: {ledger.root} has no sweep {name!r}; there are: {known}")
    plan = stored_plan(ledger.root, name)
    if plan is None:
        raise BadLedger(f"{folder}/plan.json holds no plan; give the command that started {name!r} once more")
    tables = [_table(ledger, table) for table in plan["tables"]]
    states: Counter[str] = Counter()
    for table in tables:
        states.update(table["states"])
    left = [table["core_seconds_left"] for table in tables]
    launches = [event for event in read_lines(folder / "events.jsonl") if event.get("event") == "launched"]
    workers = max(1, launches[-1]["workers"]) if launches else 1
    return {
        "name": name,
        "plan_hash": plan["plan_hash"],
        "running": is_held(folder / "lock"),
        "total": sum(table["total"] for table in tables),
        "states": dict(sorted(states.items())),
        "seconds_left": None if None in left else sum(left) / workers,
        "tables": tables,
    }


def _table(ledger: Ledger, table: Json) -> Json:
    known = list(TableRuns(table).known(from_ledger(ledger)))
    states = Counter(str(ledger.run(run.id).status().state) for run in known)
    total = total_runs(table)
    # reporting runs whose rate is not known yet
    states[str(State.NEVER)] += total - len(known)
    return {
        "id": table["id"],
        "title": table["title"],
        "total": total,
        "states": {state: count for state, count in sorted(states.items()) if count},
        "core_seconds_left": _seconds_left(ledger, known, total),
    }


def _seconds_left(ledger: Ledger, known: list[PlannedRun], total: int) -> float | None:
    """From what the table's finished runs took on average, and how far the others are."""
    runs = [ledger.run(run.id) for run in known]
    taken = [seconds for run in runs if (seconds := run.costs().get("seconds"))]
    finished = sum(run.noted().state.finished for run in runs)
    if finished == total:
        return 0.0
    if not taken:
        return None
    begun = sum(run.noted().step / planned.spec["train"]["steps"] for run, planned in _at_work(runs, known))
    return float(max(0.0, total - finished - begun) * mean(taken))


def _at_work(runs: list, known: list[PlannedRun]) -> list:  # type: ignore[type-arg]
    return [(run, planned) for run, planned in zip(runs, known, strict=True) if not run.noted().state.finished]
