"""A made-up ledger in the shapes of the real one: the demo's three tables with every kind of outcome."""

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from harness.comparison import compare
from harness.records import PlannedRun, TableRuns

Record = dict[str, Any]
Sweep = tuple[Path, Path]
GROUPS = {"source_length": ["1-4", "5-6", "7-8", "9-10", "11-14"], "position": ["1", "2-3", "4-6", "7-10", "11-16"]}
FRAMES = 'Traceback (most recent call last):\n  File "harness/worker.py", line 41, in main\n    train(spec)\n'
SAID = {
    "oom": "torch.OutOfMemoryError: out of memory at batch_size 128",
    "error": "ValueError: window is 0 (allowed: >= 1)",
}


@dataclass(frozen=True)
class Arm:
    """A variant's true loss, how it bends with the log2 distance to its best rate, and the runs that go wrong."""

    loss: float
    best: int
    spread: float = 0.006
    bend: float = 0.02
    broken: dict[tuple[str, int], str] = field(default_factory=dict)
    slope: float = 0.0
    non_embedding: int = 99_840
    levels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Demo:
    id: str
    title: str
    metric: str
    task: Record
    arms: dict[str, Arm]
    rates: list[float]
    steps: int
    batch: int
    trivial: Record
    margin: float | None = None
    by: tuple[str, ...] = ()
    shown: str | None = None


DEMOS = (
    Demo(
        "norm-placement",
        "Pre-LN against post-LN decoders",
        "nats per byte",
        {"kind": "language_modelling"},
        {"pre-ln": Arm(1.912, 2), "post-ln": Arm(1.998, 1, 0.009, 0.05, {("tuning", 3): "diverged"})},
        [3e-4, 1e-3, 3e-3, 1e-2],
        1000,
        8,
        {"unigram": {"val": 3.31, "test": 3.312}, "bigram": {"val": 2.49, "test": 2.487}},
        0.01,
        ("position",),
    ),
    Demo(
        "grapheme-to-phoneme",
        "Sequence to sequence: spelling to sound",
        "nats per phoneme",
        {"kind": "sequence_to_sequence"},
        {
            "transformer": Arm(0.842, 2, 0.012, 0.05, slope=0.02, non_embedding=234_112),
            "transformer-pre-ln": Arm(0.836, 2, 0.012, 0.03, slope=0.02, non_embedding=234_240),
            "prefix-lm": Arm(0.861, 2, 0.011, 0.04, {("tuning", 3): "oom"}, 0.03, 233_984),
            "rnn-encdec": Arm(1.204, 1, 0.02, 0.07, {("reporting", 3): "diverged"}, 0.16, 234_500),
            "rnnsearch": Arm(0.93, 3, 0.015, 0.03, slope=0.04, non_embedding=233_720),
        },
        [1e-3, 3e-3, 1e-2, 3e-2],
        200,
        128,
        {"unigram": {"val": 3.26, "test": 3.258}, "bigram": {"val": 2.61, "test": 2.605}},
        None,
        ("source_length", "position"),
        "phoneme_error_rate",
    ),
    Demo(
        "families",
        "Three families on one exact loss",
        "nats per label",
        {"kind": "classification"},
        {
            "encoder": Arm(1.401, 1, 0.014),
            "decoder": Arm(1.447, 1, 0.014, broken={("tuning", 3): "error"}),
            "encoder-decoder": Arm(1.404, 1, 0.014),
        },
        [3e-4, 1e-3, 3e-3, 1e-2],
        300,
        64,
        {"majority": {"val": 2.873, "test": 2.88}},
        0.05,
        (),
        "accuracy",
    ),
)


def write_ledger(root: Path, demos: tuple[Demo, ...] = DEMOS, seeds: int = 5, compared: bool = True) -> Sweep:
    """Writes a ledger under `root`; returns the sweep's folder and the ledger's root."""
    sweep = root / "sweeps" / "demo"
    plan = plan_of(demos, seeds)
    runs: list[PlannedRun] = []
    results: Record = {}
    dump(root / "format", 2)
    for demo, table in zip(demos, plan["tables"], strict=True):
        found = simulate(demo, table)
        runs += found
        outcomes = {run.id: outcome(demo, run) for run in found}
        results[demo.id] = TableRuns(table).results(lambda identity, known=outcomes: known[identity])
        for run in found:
            write_run(root / "store" / run.id, demo, run, outcomes[run.id])
    dump(sweep / "plan.json", plan)
    dump(sweep / "runs.json", [run.row() for run in runs])
    dump(sweep / "counts.json", {"total": len(runs), "reused": 12, "computed": len(runs) - 14, "failed": 2})
    if compared:
        dump(sweep / "comparison.json", compare(plan, results))
    return sweep, root


def plan_of(demos: tuple[Demo, ...], seeds: int) -> Record:
    tables = [plan_table(demo, seeds) for demo in demos]
    hashes = {"code_hash": "c0de" * 4, "plan_hash": "91a7" * 4}
    return {"name": "demo", "preset": "demo", "format": 1, "tables": tables} | hashes


def plan_table(demo: Demo, seeds: int) -> Record:
    names = list(demo.arms)
    target = demo.arms[names[0]].non_embedding
    return {
        "id": demo.id,
        "title": demo.title,
        "task": demo.task,
        "data": hashlib.sha256(demo.id.encode()).hexdigest(),
        "train": {"steps": demo.steps, "batch_size": demo.batch, "optimizer": "adamw"},
        "metric": demo.metric,
        "arms": names,
        "baseline": names[0],
        "margin": demo.margin,
        "alpha": 0.05,
        "learning_rates": demo.rates,
        "tuning_seeds": [100],
        "reporting_seeds": list(range(seeds)),
        "variants": {name: plan_variant(name, arm, demo.steps) for name, arm in demo.arms.items()},
        "trivial": demo.trivial,
        "budget": {
            "view": "non_embedding_params",
            "target": target,
            "residual": {name: arm.non_embedding / target - 1 for name, arm in demo.arms.items()},
        },
    }


def plan_variant(name: str, arm: Arm, steps: int) -> Record:
    counts = {"total": arm.non_embedding + 20_480, "embedding": 20_480, "non_embedding": arm.non_embedding}
    flops = 6 * arm.non_embedding
    spec = {"made_up": name, "d_model": 64, "encoder": None, "decoder": {"n_layers": 2}}
    return {
        "entry": name,
        "overrides": {},
        "spec": spec,
        "steps": steps,
        "tokens_per_step": 4096,
        "flops_per_token": flops,
        "parameters": counts,
        "code_hash": code_of(name),
        "levels": arm.levels,
    }


def code_of(variant: str) -> str:
    """Each variant uses modules of its own, so its code has a hash of its own."""
    return hashlib.sha256(variant.encode()).hexdigest()[:16]


def simulate(demo: Demo, table: Record) -> list[PlannedRun]:
    """The runs of the table: all of the tuning, then what its outcomes call up."""
    runs = TableRuns(table)
    outcomes = {run.id: outcome(demo, run) for tuning in runs.tuning.values() for run in tuning}
    return list(runs.known(lambda identity: outcomes[identity]))


def outcome(demo: Demo, run: PlannedRun) -> Record:
    """The run's result, or its state alone."""
    arm = demo.arms[run.variant]
    place = demo.rates.index(run.learning_rate)
    state = arm.broken.get((run.purpose, place if run.purpose == "tuning" else run.seed), "done")
    if state not in ("done", "diverged"):
        return {"state": state}
    shared, own = (np.random.default_rng(key).normal() for key in (run.seed, int(run.id, 16)))
    noise = arm.spread * (0.8 * shared + 0.5 * own)
    loss = float(arm.loss + arm.bend * (place - arm.best) ** 2 + noise)
    worst = next(iter(demo.trivial.values()))["val"] + 0.02
    return result(demo, run, state, loss if state == "done" else worst)


def result(demo: Demo, run: PlannedRun, state: str, loss: float) -> Record:
    tuning = run.purpose == "tuning"
    return {
        "id": run.id,
        "state": state,
        "steps": demo.steps,
        "val": {"loss": loss},
        "test": None if tuning else {"loss": loss + 0.01},
        "shown": {demo.shown: round(loss / 4, 4)} if demo.shown else {},
        "by": {} if tuning else {name: buckets(name, loss, demo.arms[run.variant].slope) for name in demo.by},
        "parameters": {"non_embedding": demo.arms[run.variant].non_embedding},
        "initial_loss": math.log(256) + 0.01,
    }


def buckets(name: str, loss: float, slope: float) -> list[Record]:
    rows = [
        {
            "bucket": bucket,
            "loss": loss + slope * (place - 1.5) + 0.01 * place,
            "accuracy": 0.8 - 0.02 * place,
            "count": 900 - 150 * place,
        }
        for place, bucket in enumerate(GROUPS[name])
    ]
    if name == "source_length":
        rows = [row | {"error_rate": 0.1 + slope * place / 3} for place, row in enumerate(rows)]
    return rows


def write_run(folder: Path, demo: Demo, run: PlannedRun, found: Record) -> None:
    state = found["state"]
    if state == "never":
        return
    steps = demo.steps if state == "done" else demo.steps // 2
    dump(folder / "spec.json", run.spec)
    dump(folder / "state.json", {"state": state, "step": steps})
    lines = "".join(json.dumps(line) + "\n" for line in curve(demo, found, steps))
    (folder / "metrics.jsonl").write_text(lines, encoding="utf-8")
    if state in ("done", "diverged"):
        dump(folder / "result.json", found)
    if state in SAID:
        (folder / "traceback.txt").write_text(FRAMES + SAID[state] + "\n", encoding="utf-8")
    dump(folder / "costs.json", costs(demo, run))


def curve(demo: Demo, found: Record, steps: int) -> Iterator[Record]:
    start = next(iter(demo.trivial.values()))["val"] + 0.6
    end = found.get("val", {"loss": start - 1})["loss"]
    for step in range(demo.steps // 10, steps + 1, demo.steps // 10):
        falling = math.exp(-5 * step / demo.steps)
        yield {"step": step, "train_loss": end + (start - end) * falling * 0.96, "learning_rate": 1e-3}
        yield {"step": step, "val_loss": end + (start - end) * falling}


def costs(demo: Demo, run: PlannedRun) -> Record:
    seconds = demo.steps * 0.009 * (1 + 0.1 * list(demo.arms).index(run.variant))
    return {
        "seconds": seconds,
        "wall_seconds": seconds * 1.4,
        "tokens_per_second": demo.batch * 64 * demo.steps / seconds,
        "peak_memory_bytes": 312_000_000,
        "host": "host-a",
        "device": "cpu",
        "threads": 1,
        "kernels": ["math"],
        "torch": "2.13.0",
        "code_hash": code_of(run.variant),
        "resumes": 0,
    }


def dump(path: Path, record: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
