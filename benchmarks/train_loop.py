"""What the training loop costs over a bare loop of the same model, task and optimizer, in CPU time."""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn

import catalog
from harness.tasks.registry import build_task, fill_task
from harness.train.device import describe
from harness.train.execution import Execution
from harness.train.loop import Session
from variants import build_model

RATE = 1e-3
OFF = 10**9


def main() -> None:
    """Interleaves rounds of both loops; prints the ratio of each round's CPU seconds and their median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--d-model", type=int, default=64)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        spec = make_spec(options.d_model)
        loops = {"bare": bare_loop(spec), "ours": our_loop(spec, Path(folder))}
        rounds = [measured(loops, options.steps, i % 2 == 0) for i in range(options.rounds + 1)]
    ratios = [taken["ours"] / taken["bare"] for taken in rounds[1:]]
    report = {
        "device": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "d_model": options.d_model,
        "steps": options.steps,
        "milliseconds_per_step": {
            name: 1e3 * statistics.median(t[name] for t in rounds[1:]) / options.steps for name in loops
        },
        "ratio_median": statistics.median(ratios),
        "ratios": ratios,
    }
    print(json.dumps(report, indent=1))


def make_spec(d_model: int) -> dict[str, Any]:
    """A run of the pre-LN decoder on Shakespeare bytes, 2 layers, batch 8 of 64."""
    block = fill_task("language_modelling")
    task = build_task(block)
    sizes = {"d_model": d_model, "n_layers": 2, "n_heads": 4, "d_ff": 4 * d_model}
    train = {"steps": OFF, "batch_size": 8, "learning_rate": RATE, "schedule": "constant", "warmup": 0}
    return {
        "model": task.adapt(catalog.resolve("pre-ln", overrides=sizes)),
        "task": block,
        "train": {**train, "log_every": 50, "eval_every": OFF},
        "seed": 0,
        "salt": "",
        "purpose": "tuning",
    }


def bare_loop(spec: dict[str, Any]) -> Any:
    """The shortest loop that does the same: batch, loss, clip, fused AdamW."""
    task = build_task(spec["task"])
    model = build_model(spec["model"], seed=0).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    done = 0

    def run(steps: int) -> None:
        nonlocal done
        for _ in range(steps):
            done += 1
            batch = task.batch(0, done, 8)
            logits = model(torch.from_numpy(batch.inputs["tokens"]))
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(batch.targets).flatten())
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()

    return run


def our_loop(spec: dict[str, Any], folder: Path) -> Any:
    """The trainer's loop, logging every 50 steps."""
    session = Session(spec, folder, lambda event: None, Execution(device="cpu"))
    done = session.begin()

    def run(steps: int) -> None:
        nonlocal done
        session.train(done, until=done + steps)
        done += steps

    return run


def measured(loops: dict[str, Any], steps: int, backwards: bool) -> dict[str, float]:
    """CPU seconds of each loop in one round."""
    return {name: timed(loops[name], steps) for name in sorted(loops, reverse=backwards)}


def timed(loop: Any, steps: int) -> float:
    """CPU seconds of `steps` steps."""
    start = time.process_time()
    loop(steps)
    return time.process_time() - start


if __name__ == "__main__":
    main()
