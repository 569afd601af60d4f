"""Sweeps without torch: entries, task and tools that are a few numbers each, over the trainable of `fake_trainer`."""

from pathlib import Path

import numpy as np

from catalog.errors import CatalogError, Fault
from harness.launch import Launch
from harness.plantools import Tools
from harness.sweepfile import assemble
from harness.tasks.task import Batch

TESTS = str(Path(__file__).parent)
FLOORS = {"plain": 1.0, "fancy": 0.8, "slow-one": 1.2}


class FakeTask:
    metric = "nats per token"
    notes = ()

    def adapt(self, spec):
        if spec["floor"] == 9:
            raise ValueError("task fake: no exact loss for this stack")
        return {**spec, "adapted": True}

    def for_model(self, spec):
        return self

    def batch(self, seed, step, batch_size):
        shape = (batch_size, 8)
        return Batch({"tokens": np.zeros(shape, np.int64)}, np.zeros(shape, np.int64), np.ones(shape, np.float32))

    def trivial(self):
        return {"unigram": {"val": 3.0, "test": 3.0}, "bigram": {"val": 2.9, "test": 2.9}}

    def digest(self):
        return "data"


def resolve(entry, size, overrides):
    if entry not in FLOORS:
        raise CatalogError([Fault(None, None, "entry", entry, "unknown entry", ", ".join(FLOORS))])
    spec = {"floor": FLOORS[entry], "width": 100, "context_length": 8, "encoder": None, "decoder": {}}
    return {**spec, **overrides}


def resize(spec, budget, view, measure):
    if spec.get("rigid"):
        raise ValueError(f"no width meets the budget of {budget} {view} within 1 %; the nearest is 400")
    return {**spec, "width": budget // {"flops": 8, "memory": 40}.get(view, 10) + spec.get("off", 0)}


def count(spec):
    return {"total": spec["width"] * 10 + 5, "embedding": 5, "non_embedding": spec["width"] * 10}


def fill_train(train):
    known = {"steps": None, "batch_size": None, "learning_rate": None, "warmup": 0.1}
    for name in train:
        if name not in known:
            raise CatalogError([Fault(None, None, f"train.{name}", train[name], "unknown", ", ".join(known))])
    return {**known, **train}


def tools(code="code-1"):
    return Tools(
        resolve=resolve,
        fill_train=fill_train,
        resize=resize,
        count=count,
        flops=lambda spec, tokens, source: spec["width"] * tokens,
        fill_task=lambda block: dict(block),
        build_task=lambda block: FakeTask(),
        memory=lambda spec, task, train: spec["width"] * train["batch_size"] * 10,
        clock=lambda device: lambda runs: [[run["model"]["width"] / 1e4] * 3 for run in runs],
        code=lambda spec, device: f"{code}-{device}",
    )


def document(**changes):
    table = {
        "task": {"kind": "fake"},
        "variants": {"plain": {}, "fancy": {}},
        "train": {"steps": 20, "batch_size": 4},
        "learning_rates": [3e-4, 1e-3, 3e-3, 1e-2],
        "tuning_seeds": [100],
        "reporting_seeds": [0, 1, 2],
    }
    second = {**table, "variants": {"plain": {"set": {"width": 200}}, "slow-one": {}}, "reporting_seeds": [0, 1]}
    return {"name": "made-up", "tables": {"first": {**table, **changes}, "second": second}}


def sweep(**changes):
    return assemble(document(**changes))


def three_of_each():
    """Three variants, three rates, three seeds: 9 tuning runs and 12 that report."""
    table = document()["tables"]["first"]
    table |= {"variants": ["plain", "fancy", "slow-one"], "learning_rates": [1e-3, 3e-3, 1e-2]}
    return assemble({"name": "made-up", "tables": {"first": table}})


def planted(fault):
    """A sweep in whose first table the variant `fancy` has a fault."""
    return sweep(variants={"plain": {}, "fancy": {"set": {"plant": fault}}})


def launch(out, code="code-1", **more):
    environment = {"PYTHONPATH": TESTS}
    given = {"workers": 2, "runner": "fake_trainer:run", "environment": environment, "tools": tools(code), **more}
    return Launch(out=out, **given)


class Heard:
    """Events as a list of words."""

    def __init__(self):
        self.warnings, self.finished, self.tables, self.order = [], [], [], []

    def planned(self, plan, counts):
        self.plan = plan

    def warned(self, text):
        self.warnings.append(text)

    def run_started(self, run):
        self.order.append((run.table, run.purpose, run.variant))

    def run_step(self, run, event):
        pass

    def run_finished(self, run, result, counts):
        self.finished.append((run, result["state"]))

    def table_done(self, table):
        self.tables.append(table["id"])


def deterministic_files(out):
    """Path -> bytes of every record that must not depend on what happened on the way."""
    names = {"spec.json", "state.json", "metrics.jsonl", "result.json", "plan.json", "comparison.json", "tiers.csv"}
    names |= {"runs.json", "format"}
    found = [path for path in out.rglob("*") if path.name in names and "checkpoint" not in path.parts]
    return {str(path.relative_to(out)): path.read_bytes() for path in found}
