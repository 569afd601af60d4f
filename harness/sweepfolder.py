"""A sweep's own folder in the ledger: its plan, comparison, index of runs, counts and the log of its launches."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.agenda import Agenda
from harness.comparison import Comparison, compare
from harness.declaration import exploratory
from harness.ledger.canonical import Json
from harness.ledger.errors import BadLedger
from harness.ledger.files import (
    append_line,
    clear_leftovers,
    read_json,
    read_lines,
    read_record,
    write_json,
    write_text,
)
from harness.origin import origin
from harness.planchanges import changes
from harness.progress import Counts
from harness.records import TUNING

SHOWN_CHANGES = 6


class SweepFolder:
    """Writes what a sweep comes to; the log and the counts tell of launches, all else is a function of the results.

    For whoever holds the sweep's lock.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._exploratory: dict[str, list[str]] = {}
        clear_leftovers(path)

    def log(self, event: str, **more: Any) -> None:
        """Add a line to the log of launches."""
        append_line(self.path / "events.jsonl", {"event": event, "when": round(time.time(), 3), **more})

    def events(self) -> list[Json]:
        """The log of all launches so far."""
        return read_lines(self.path / "events.jsonl")

    def log_origin(self) -> None:
        """Log versions and commit, and keep the text of what differs from it."""
        record, diff = origin()
        if diff:
            write_text(self.path / f"code-{record['diff']}.diff", diff)
        self.log("origin", **record)

    def store_plan(self, plan: Json) -> str | None:
        """Store the plan before anything runs; returns what to say when another was there, which is kept."""
        path, told = self.path / "plan.json", None
        before = _plan_in(path) if path.exists() else plan
        if before.get("plan_hash") != plan["plan_hash"]:
            told = self._keep(before, plan)
        write_json(path, plan)
        return told

    def declare(self, plan: Json, results_seen: bool) -> None:
        """Lock the plan: what differs from it later is exploratory; until results are seen it may be changed freely."""
        path = self.path / "declared.json"
        if not (results_seen and path.exists()):
            write_json(path, plan)
        self._exploratory = exploratory(_plan_in(path), plan)

    def reporting_ids(self) -> list[str]:
        """The runs of earlier launches whose results tell of more than tuning."""
        path = self.path / "runs.json"
        rows = read_json(path) if path.exists() else []
        try:
            return [row["id"] for row in rows if row["purpose"] != TUNING]
        except (KeyError, TypeError) as error:
            raise BadLedger(f"{path} lists no runs; move it away and run the same command again") from error

    def write_index(self, agenda: Agenda, counts: Counts) -> None:
        """List the runs that are known, and how many this launch took over, made and gave up."""
        write_json(self.path / "runs.json", [run.row() for run in agenda.known()])
        write_json(self.path / "counts.json", asdict(counts))

    def write_comparison(
        self, plan: Json, agenda: Agenda, other_code: Mapping[str, list[str]], begun: Collection[str]
    ) -> Json:
        """Compare what has come in so far; runs of other code are named and said first.

        Of these, the ones in `begun` were replayed in part by this code.
        """
        results = {name: table.results(agenda.lookup) for name, table in agenda.tables.items()}
        comparison = compare(plan, results)
        for table in comparison["tables"]:
            _mark_exploratory(table, self._exploratory.get(table["id"], []))
            _mark_other_code(table, sorted(other_code.get(table["id"], [])), begun)
        shown = Comparison(comparison)
        write_text(self.path / "comparison.json", shown.to_json())
        write_text(self.path / "tiers.csv", shown.to_csv())
        return comparison

    def _keep(self, before: Json, plan: Json) -> str:
        kept = self.path / f"plan-{before.get('plan_hash', 'unknown')}.json"
        write_json(kept, before)
        found = changes(before, plan)
        self.log("plan_changed", before=before.get("plan_hash"), changes=found)
        more = f"; and {len(found) - SHOWN_CHANGES} more" if len(found) > SHOWN_CHANGES else ""
        return (
            f"the sweep {plan['name']!r} was defined otherwise before ({'; '.join(found[:SHOWN_CHANGES])}{more}); "
            f"runs that are the same are taken over, the old plan is kept as {kept.name}"
        )


def stored_plan(root: Path, name: str) -> Json | None:
    """The plan that a sweep of a ledger was launched with last; None where there is none that can be read."""
    try:
        return _plan_in(root / "sweeps" / name / "plan.json")
    except (OSError, BadLedger):
        return None


def _plan_in(path: Path) -> Json:
    plan = read_record(path)
    if "tables" not in plan:
        raise BadLedger(f"{path} holds no plan; move it away and run the same command again")
    return plan


def _mark_exploratory(table: Json, found: list[str]) -> None:
    if found:
        table["exploratory"] = found
        table["sentences"] = [*found, *table["sentences"]]


def _mark_other_code(table: Json, found: list[str], begun: Collection[str]) -> None:
    if not found:
        return
    told = []
    if unknown := len(set(found) - set(begun)):
        told.append(
            f"{unknown} runs were made by other code than the rest: no claim here can be trusted until they are "
            "made anew (run the sweep without --reuse-other-code) or verified (`bestiary runs verify`)"
        )
    if begins := len(set(found) & set(begun)):
        told.append(
            f"{begins} runs were made by other code than the rest: this code replayed their first steps bit for bit, "
            "and nothing after them (`bestiary runs verify --steps all` replays the rest)"
        )
    table["other_code"] = found
    table["sentences"] = [*told, *table["sentences"]]
