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
from harness.ledger import run_id

Record = dict[str, Any]


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
    missing: int = 0


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


def write_ledger(
    root: Path, demos: tuple[Demo, ...] = DEMOS, seeds: int = 5, compared: bool = True
) -> tuple[Path, Path]:
    """Writes a ledger under `root`; returns the sweep's folder and the ledger's root."""
    sweep = root / "sweeps" / "demo"
    index = []
    results = {}
    dump(root / "format", 1)
    for demo in demos:
        rows = list(table_runs(demo, seeds))
        index += [row["index"] for row in rows]
        for row in rows:
            write_run(root / "store" / row["index"]["id"], demo, row)
        results[demo.id] = table_results(rows)
    plan = {
        "name": "demo",
        "preset": "demo",
        "format": 1,
        "code_hash": "c0de" * 4,
        "plan_hash": "91a7" * 4,
        "tables": [plan_table(demo, seeds) for demo in demos],
    }
    dump(sweep / "plan.json", plan)
    dump(sweep / "runs.json", index)
    dump(sweep / "counts.json", {"reused": 12, "computed": len(index) - 14, "failed": 2})
    if compared:
        dump(sweep / "comparison.json", compare(plan, results))
    return sweep, root


def plan_table(demo: Demo, seeds: int) -> Record:
    variants = {
        name: {
            "entry": name,
            "overrides": {},
            "flops_per_token": 1_250_000 + 900 * place,
            "parameters": {
                "total": arm.non_embedding + 20_480,
                "embedding": 20_480,
                "non_embedding": arm.non_embedding,
            },
        }
        for place, (name, arm) in enumerate(demo.arms.items())
    }
    target = next(iter(demo.arms.values())).non_embedding
    residual = {name: arm.non_embedding / target - 1 for name, arm in demo.arms.items()}
    return {
        "id": demo.id,
        "title": demo.title,
        "task": demo.task,
        "metric": demo.metric,
        "baseline": next(iter(demo.arms)),
        "margin": demo.margin,
        "alpha": 0.05,
        "learning_rates": demo.rates,
        "tuning_seeds": [100],
        "reporting_seeds": list(range(seeds)),
        "variants": variants,
        "trivial": demo.trivial,
        "budget": {"view": "non_embedding_params", "target": target, "residual": residual},
    }


def table_runs(demo: Demo, seeds: int) -> Iterator[Record]:
    for name, arm in demo.arms.items():
        for place, _ in enumerate(demo.rates):
            yield one_run(demo, name, "tuning", place, 100, arm.broken.get(("tuning", place), "done"))
        for seed in range(seeds):
            state = "never" if seed >= seeds - arm.missing else arm.broken.get(("reporting", seed), "done")
            yield one_run(demo, name, "reporting", arm.best, seed, state)
    name, arm = next(iter(demo.arms.items()))
    for seed in range(seeds):
        yield one_run(demo, name, "a/a", arm.best, seed, "done")


def one_run(demo: Demo, name: str, purpose: str, place: int, seed: int, state: str) -> Record:
    arm = demo.arms[name]
    spec = run_spec(demo, name, purpose, demo.rates[place], seed)
    identifier = run_id(spec)
    shared = np.random.default_rng(seed).normal()
    own = np.random.default_rng(int(identifier, 16)).normal()
    loss = arm.loss + arm.bend * (place - arm.best) ** 2 + arm.spread * (0.8 * shared + 0.5 * own)
    index = {
        "id": identifier,
        "table": demo.id,
        "variant": name,
        "purpose": purpose,
        "learning_rate": demo.rates[place],
        "seed": seed,
    }
    row = {"index": index, "spec": spec, "state": state, "loss": float(loss), "arm": arm}
    return row | {"result": result(demo, row) if state in ("done", "diverged") else {"state": state, "id": identifier}}


def run_spec(demo: Demo, name: str, purpose: str, rate: float, seed: int) -> Record:
    return {
        "format": 1,
        "model": {"made_up": name},
        "task": demo.task,
        "data": hashlib.sha256(demo.id.encode()).hexdigest(),
        "train": {"steps": demo.steps, "batch_size": demo.batch, "learning_rate": rate, "optimizer": "adamw"},
        "seed": seed,
        "salt": "a/a" if purpose == "a/a" else "",
        "executor": "single",
        "purpose": "tuning" if purpose == "tuning" else "reporting",
    }


def write_run(folder: Path, demo: Demo, row: Record) -> None:
    index, state = row["index"], row["state"]
    if state == "never":
        return
    steps = demo.steps if state == "done" else demo.steps // 2
    dump(folder / "spec.json", row["spec"])
    dump(folder / "state.json", {"state": state, "step": steps})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in metrics(demo, row, steps)))
    if state in ("done", "diverged"):
        dump(folder / "result.json", row["result"])
    if state in ("error", "oom"):
        said = {
            "oom": "torch.OutOfMemoryError: out of memory at batch_size 128",
            "error": "ValueError: window is 0 (allowed: >= 1)",
        }
        frames = 'Traceback (most recent call last):\n  File "harness/worker.py", line 41, in main\n    train(spec)\n'
        (folder / "traceback.txt").write_text(frames + said[state] + "\n")
    seconds = demo.steps * 0.009 * (1 + 0.1 * list(demo.arms).index(index["variant"]))
    dump(
        folder / "costs.json",
        {
            "seconds": seconds,
            "tokens_per_second": demo.batch * 64 * demo.steps / seconds,
            "peak_memory_bytes": 312_000_000,
            "host": "host-a",
            "device": "cpu",
            "threads": 1,
            "kernels": ["math"],
            "torch": "2.13.0",
            "code_hash": "c0de" * 4,
            "resumes": 0,
        },
    )


def metrics(demo: Demo, row: Record, steps: int) -> Iterator[Record]:
    start = demo.trivial.get("unigram", demo.trivial.get("majority"))["val"] + 0.6
    for step in range(demo.steps // 10, steps + 1, demo.steps // 10):
        falling = math.exp(-5 * step / demo.steps)
        yield {"step": step, "train_loss": row["loss"] + (start - row["loss"]) * falling * 0.96, "learning_rate": 1e-3}
        yield {"step": step, "val_loss": row["loss"] + (start - row["loss"]) * falling}


def result(demo: Demo, row: Record) -> Record:
    worst = next(iter(demo.trivial.values()))["val"]
    loss = row["loss"] if row["state"] == "done" else worst + 0.02
    tuning = row["index"]["purpose"] == "tuning"
    groups = {"source_length": ["1-4", "5-6", "7-8", "9-10", "11+"], "position": ["1", "2-3", "4-6", "7-10", "11+"]}
    by = {
        name: [
            {
                "bucket": bucket,
                "loss": loss + row["arm"].slope * (place - 1.5) + 0.01 * place,
                "count": 900 - 150 * place,
            }
            for place, bucket in enumerate(groups[name])
        ]
        for name in demo.by
    }
    for place, bucket in enumerate(by.get("source_length", [])):
        bucket["error_rate"] = 0.1 + row["arm"].slope * place / 3
    shown = {demo.shown: round(loss / 4, 4)} if demo.shown else {}
    return {
        "id": row["index"]["id"],
        "state": row["state"],
        "steps": demo.steps,
        "val": {"loss": loss},
        "test": None if tuning else {"loss": loss + 0.01},
        "shown": shown,
        "by": by,
        "parameters": {"non_embedding": row["arm"].non_embedding},
        "initial_loss": math.log(256) + 0.01,
    }


def table_results(rows: list[Record]) -> Record:
    """The results as `harness.comparison` takes them."""
    found: Record = {}
    for row in rows:
        index = row["index"]
        group = "a/a" if index["purpose"] == "a/a" else index["variant"]
        arm = found.setdefault(group, {"tuning": {}, "reporting": {}})
        key = (index["learning_rate"], index["seed"]) if index["purpose"] == "tuning" else index["seed"]
        arm["tuning" if index["purpose"] == "tuning" else "reporting"][key] = row["result"]
    return found


def dump(path: Path, record: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
