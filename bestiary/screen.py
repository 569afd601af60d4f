"""What a person sees of a sweep while it runs: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bestiary.eta import Eta, clock_text
from bestiary.output import note

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from harness.progress import Counts
    from harness.records import PlannedRun

Record = dict[str, Any]
LINE_EVERY = 15.0  # seconds between two lines about the whole sweep


class Lines:
    """Follows a sweep in lines on stderr.

    `verdict` takes each sentence of a table that is complete, `begun` is called once the plan is stored.
    """

    eta: Eta

    def __init__(self, workers: int, verdict: Callable[[str], None], begun: Callable[[], None]) -> None:
        self.workers, self.verdict, self.begun = workers, verdict, begun
        self._told = 0.0

    def planned(self, plan: Record, counts: Counts) -> None:
        self.eta = Eta(plan, self.workers)
        self.begun()
        note(f"{plan['name']}: {len(plan['tables'])} tables, {counts.total} runs")
        from harness.progress import notes_of

        for line in notes_of(plan):
            note(line)

    def warned(self, text: str) -> None:
        note(f"note: {text}")

    def run_started(self, run: PlannedRun) -> None:
        self.eta.started(run)

    def run_step(self, run: PlannedRun, event: Record) -> None:
        if "step" in event and "steps" in event:
            self.eta.stepped(run, event["step"], event["steps"])

    def run_finished(self, run: PlannedRun, result: Record, counts: Counts) -> None:
        """Every failure is told, and otherwise a line every few seconds."""
        self.eta.finished(run)
        is_last = counts.finished == counts.total
        if result["state"] != "done":
            note(f"{name_of(run)}: {result['state']}")
        if is_last or time.monotonic() - self._told >= LINE_EVERY:
            self._told = time.monotonic()
            done = f"[{counts.finished}/{counts.total}] {summary(counts, self.eta)}"
            note(f"{done}; last {name_of(run)}: {loss_of(result)}")

    def table_done(self, table: Record) -> None:
        self.verdict(f"{table['title']}:")
        for sentence in table["sentences"]:
            self.verdict(f"  {sentence}")


class Bars(Lines):
    """Follows a sweep with one bar for all of it and one for each run at work, its loss beside it."""

    whole: TaskID

    def __init__(
        self, workers: int, verdict: Callable[[str], None], begun: Callable[[], None], progress: Progress
    ) -> None:
        super().__init__(workers, verdict, begun)
        self.progress = progress
        self.rows: dict[str, TaskID] = {}
        self.told: dict[str, str] = {}

    def planned(self, plan: Record, counts: Counts) -> None:
        super().planned(plan, counts)
        self.whole = self.progress.add_task("all runs", total=counts.total, told="")

    def run_started(self, run: PlannedRun) -> None:
        super().run_started(run)
        self._remove_row(run)  # a run that is taken up again has one
        self.rows[run.id] = self.progress.add_task(short_name_of(run), total=None, told="")

    def run_step(self, run: PlannedRun, event: Record) -> None:
        super().run_step(run, event)
        row = self.rows.get(run.id)
        if row is not None:
            losses = [f"{name[:-5]} {event[name]:.3f}" for name in ("train_loss", "val_loss") if event.get(name)]
            self.told[run.id] = ", ".join(losses) or self.told.get(run.id, "")
            self.progress.update(row, completed=event.get("step"), total=event.get("steps"), told=self.told[run.id])
        self._refresh_eta()

    def run_finished(self, run: PlannedRun, result: Record, counts: Counts) -> None:
        self.eta.finished(run)
        self._remove_row(run)
        if result["state"] != "done":
            note(f"{name_of(run)}: {result['state']}")
        self.progress.update(self.whole, completed=counts.finished, told=summary(counts, self.eta))

    def _remove_row(self, run: PlannedRun) -> None:
        row = self.rows.pop(run.id, None)
        if row is not None:
            self.progress.remove_task(row)

    def _refresh_eta(self) -> None:
        self.progress.update(self.whole, told=f"about {clock_text(self.eta.seconds())} left")


@contextmanager
def follow(workers: int, verdict: Callable[[str], None], begun: Callable[[], None]) -> Iterator[Lines]:
    """The screen that fits: bars where stderr is a terminal and no CI, lines otherwise."""
    if not sys.stderr.isatty() or os.environ.get("CI"):
        yield Lines(workers, verdict, begun)
        return
    with bars() as progress:
        yield Bars(workers, verdict, begun, progress)


def bars() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[told]}", markup=False),
        console=Console(stderr=True),
        transient=True,
        # what a program reads from stdout must not pass through the terminal's bars
        redirect_stdout=sys.stdout.isatty(),
    )


def short_name_of(run: PlannedRun) -> str:
    """Few enough letters for a line of 80 with a bar in it."""
    return f"{run.variant[:18]} {run.learning_rate:g} seed {run.seed}"


def name_of(run: PlannedRun) -> str:
    return f"{run.table} / {run.variant}, {run.purpose}, rate {run.learning_rate:g}, seed {run.seed}"


def loss_of(result: Record) -> str:
    loss = (result.get("test") or result.get("val") or {}).get("loss")
    return result["state"] if loss is None else f"loss {loss:.4f}"


def summary(counts: Counts, eta: Eta) -> str:
    """How many runs were taken over and given up, and how long the rest may take."""
    parts = [f"{counts.reused} taken over" if counts.reused else "", f"{counts.failed} failed" if counts.failed else ""]
    left = "all over" if counts.finished == counts.total else f"about {clock_text(eta.seconds())} left"
    return ", ".join([*filter(None, parts), left])
