"""What a sweep tells while it runs, and the plain lines it tells by default."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import IO, Protocol

from harness.ledger.canonical import Json
from harness.records import PlannedRun


@dataclass
class Counts:
    """How many runs were taken over, made and given up in this launch, of how many."""

    total: int
    reused: int = 0
    computed: int = 0
    failed: int = 0

    @property
    def finished(self) -> int:
        """How many runs have come to an end."""
        return self.reused + self.computed + self.failed


class SweepEvents(Protocol):
    """Whoever wants to follow a sweep; every method returns at once."""

    def planned(self, plan: Json, counts: Counts) -> None:
        """The plan is stored and the first run about to be looked for."""

    def warned(self, text: str) -> None:
        """Something a person should know: a changed plan, mixed code, a worker that died."""

    def run_started(self, run: PlannedRun) -> None:
        """A worker took up a run."""

    def run_step(self, run: PlannedRun, event: Json) -> None:
        """News of a run: `step`, `steps`, `train_loss` or `val_loss`; a few times a second at most."""

    def run_finished(self, run: PlannedRun, result: Json, counts: Counts) -> None:
        """A run came to its end; `result` is its record, or its `state` alone."""

    def table_done(self, table: Json) -> None:
        """The last run of a table came to its end; `table` is its part of the comparison."""


def notes_of(plan: Json) -> list[str]:
    """What a person should know before training: how their data were split, what was dropped, what starts fresh."""
    return [f"{table['id']}: {note}" for table in plan["tables"] for note in table.get("notes", ())]


class PlainLines:
    """One line for each thing that happens, for logs and pipes."""

    def __init__(self, file: IO[str] | None = None) -> None:
        self.file = file or sys.stderr
        self.start = time.monotonic()

    def planned(self, plan: Json, counts: Counts) -> None:
        """Say how much there is to do."""
        self.say(f"{plan['name']}: {len(plan['tables'])} tables, {counts.total} runs, plan {plan['plan_hash']}")
        for line in notes_of(plan):
            self.say(line)

    def warned(self, text: str) -> None:
        """Say it, marked."""
        self.say(f"note: {text}")

    def run_started(self, run: PlannedRun) -> None:
        """Lines are for ends, not for starts."""

    def run_step(self, run: PlannedRun, event: Json) -> None:
        """Lines are for ends, not for steps."""

    def run_finished(self, run: PlannedRun, result: Json, counts: Counts) -> None:
        """Say which run ended how."""
        loss = (result.get("test") or result.get("val") or {}).get("loss")
        told = "" if loss is None else f" loss {loss:.4f}"
        name = f"{run.table}/{run.variant} {run.purpose} rate {run.learning_rate:g} seed {run.seed}"
        self.say(f"[{counts.finished}/{counts.total}] {name}: {result['state']}{told}")

    def table_done(self, table: Json) -> None:
        """Say the verdict."""
        for sentence in table["sentences"]:
            self.say(f"{table['title']}: {sentence}")

    def say(self, text: str) -> None:
        """Write one line with the seconds since the start."""
        print(f"{time.monotonic() - self.start:7.1f} s  {text}", file=self.file, flush=True)
