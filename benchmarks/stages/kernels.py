"""Which attention kernel ran for every attention branch of the catalog, by precision and padding, in what time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from benchmarks.measure.clocks import clock_of
from benchmarks.measure.kernels import ran
from benchmarks.measure.rounds import compared, interleave
from benchmarks.stages.attention_alone import Alone, branches, shape_of, trial
from benchmarks.stages.entries import broken, models
from benchmarks.stages.stage import Bench, Case, Record, Stage
from harness.train.device import autocast
from variants.shrink import shrink

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PRECISIONS, PADDINGS = ("float32", "bf16"), (False, True)
TOY = ("gpt-2", "t5")
LENGTH, BATCH, ROUNDS, REPEATS = 1024, 4, 7, 3
TOY_LENGTH, TOY_BATCH, TOY_ROUNDS = 10, 2, 1


class Kernels(Stage):
    """One case for each attention that is asked for, at its published width, by precision and padding."""

    name: ClassVar[str] = "kernels"

    def cases(self, bench: Bench) -> Iterator[Case]:
        seen: set[str] = set()
        for entry, spec in models(TOY if bench.toy else None):
            if isinstance(spec, Exception):
                yield broken(entry, spec)
                continue
            for alone in branches(entry, shrink(spec) if bench.toy else spec):
                if alone.signature() not in seen:
                    seen.add(alone.signature())
                    yield from _trials(alone, bench)

    def told(self, record: Record) -> str:
        return f"{record['milliseconds']:.2f} ms, {_kernel(record)}"

    def draw(self, records: Mapping[str, Record]) -> Figure:
        from benchmarks.stages.figures import bars

        series: dict[str, dict[str, float]] = {precision: {} for precision in PRECISIONS}
        for name, record in records.items():
            words = [word for word in name.split() if word != record["precision"]]
            label = f"{' '.join(words)} ({_kernel(record)})"
            series[record["precision"]][label] = record["milliseconds"]
        return bars(series, "milliseconds of one branch, forward and backward")


def _trials(alone: Alone, bench: Bench) -> Iterator[Case]:
    for precision, padded in itertools.product(PRECISIONS, PADDINGS):
        name = f"{alone.name} {precision}{' padded' if padded else ''}"
        yield name, lambda p=precision, m=padded: _measure(alone, p, m, bench)  # type: ignore[misc]


def _measure(alone: Alone, precision: str, padded: bool, bench: Bench) -> Record:
    length, batch, rounds = (TOY_LENGTH, TOY_BATCH, TOY_ROUNDS) if bench.toy else (LENGTH, BATCH, ROUNDS)
    length = min(length, alone.spec["context_length"])
    run = trial(alone.spec, bench.device, batch, length, padded)

    def call() -> None:
        with autocast(bench.device, precision):
            run()

    call()
    kernels = ran(call, bench.device)
    rounds_done = interleave({"branch": call}, clock_of(bench.device), rounds, REPEATS, bench.deadline)
    return {
        **shape_of(alone.part),
        "precision": precision,
        "padded": padded,
        "length": length,
        "batch": batch,
        "asked": run.model.kernels(),
        **kernels,
        "rounds": rounds_done,
        "milliseconds": 1e3 * compared(rounds_done, [])["seconds"]["branch"],
    }


def _kernel(record: Record) -> str:
    return ", ".join(record["attention"] or record["asked"]) or "none"
