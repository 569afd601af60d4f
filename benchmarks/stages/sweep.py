"""The main job at its full size, in slices: each call goes on where the one before stopped."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar

import reports
from benchmarks.measure.machine import ROOT
from benchmarks.stages.stage import Bench, Case, Record, Stage, Unfinished
from harness import sweepfile
from harness.launch import Launch, Outcome
from harness.ledger.canonical import Json
from harness.progress import Counts, PlainLines
from harness.sweep import run_sweep
from harness.sweepfile import SweepFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SWEEP, PRESET = "demo", "full"
SECONDS_TO_STOP = 20.0  # for workers to write their checkpoints, and for the report
TASK = {"kind": "mqar", "vocabulary_size": 32, "pairs": 2, "context_length": 16, "evaluation_items": 8}
TOY: dict[str, Any] = {
    "name": "toy",
    "tuning_seeds": [9],
    "reporting_seeds": [0],
    "learning_rates": [1e-3],
    "must_learn": False,
    "tables": {
        "recall": {
            "task": TASK,
            "variants": ["pre-ln", "post-ln"],
            "size": {"d_model": 16, "n_layers": 1, "n_heads": 2, "d_ff": 32},
            "train": {"steps": 2, "batch_size": 2, "divergence_margin": None, "precision": "bf16"},
        }
    },
}


class Failed(Exception):
    """Runs failed or learned nothing; `record` says which."""

    def __init__(self, record: Record) -> None:
        self.record = record
        super().__init__("; ".join(record["problems"]))


class SliceOver(KeyboardInterrupt):
    """The slice's time is up; a sweep stops as it does on Ctrl-C."""


class Sweep(Stage):
    """One case, the whole sweep; its ledger lies in `runs/` beside the stage's file."""

    name: ClassVar[str] = "sweep"

    def cases(self, bench: Bench) -> Iterator[Case]:
        sweep = sweepfile.assemble(TOY) if bench.toy else sweepfile.load(SWEEP, PRESET)
        yield sweep.folder, lambda: _slice(sweep, bench)

    def told(self, record: Record) -> str:
        counts = record["counts"]
        done = counts["computed"] + counts["reused"]
        return f"{done} of {counts['total']} runs, {counts['failed']} failed; {record.get('report', 'no report yet')}"

    def draw(self, records: Mapping[str, Record]) -> Figure | None:
        return None  # the report has its figures


class _Counting(PlainLines):
    """Plain lines that also remember how far the sweep is."""

    def __init__(self) -> None:
        super().__init__()
        self.counts = Counts(0)

    def planned(self, plan: Json, counts: Counts) -> None:
        super().planned(plan, counts)
        self.counts = counts


def _slice(sweep: SweepFile, bench: Bench) -> Record:
    events = _Counting()
    try:
        with interrupted_after(bench.deadline.left - SECONDS_TO_STOP):
            outcome = run_sweep(sweep, _launch(bench), events)
    except SliceOver:
        raise Unfinished({"counts": asdict(events.counts)}) from None
    return _record(outcome, bench)


def _launch(bench: Bench) -> Launch:
    # workers are processes of their own, which must find the packages where nothing is installed
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {"PYTHONPATH": os.pathsep.join(paths)}
    workers = 1 if bench.toy else bench.workers
    return Launch(out=bench.out / "runs", workers=workers, device=str(bench.device), environment=environment)


def _record(outcome: Outcome, bench: Bench) -> Record:
    page = reports.write(outcome.folder, bench.out / "runs", bench.out / "report")
    record: Record = {
        "counts": asdict(outcome.counts),
        "plan_hash": outcome.plan["plan_hash"],
        "sentences": {table["title"]: table["sentences"] for table in outcome.comparison["tables"]},
        "problems": list(outcome.problems),
        "report": str(page),
    }
    if record["problems"]:
        raise Failed(record)
    return record


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Raises SliceOver in the main thread once the time is up, at once where there is none.

    Raises:
        SliceOver: the time was up.
    """
    if seconds <= 0:
        raise SliceOver

    def stop(number: int, frame: FrameType | None) -> None:
        raise SliceOver

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
