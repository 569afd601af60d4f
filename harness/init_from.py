"""A variant's start from pretrained weights, planned: the other task, the model for that task, and its training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.ledger.canonical import Json
from harness.plantools import Tools, at_rate, lengths_of
from harness.tasks.task import Side, Task

KEYS = ("task", "train", "learning_rates")


@dataclass(frozen=True)
class Start:
    """What a run's `init_from` holds, what one pretraining takes, and the note that tells of it before training."""

    record: Json
    cost: Json
    note: str


def start_of(
    given: Mapping[str, Any], variant: Side, head: Json | None, tuning_seeds: Sequence[int], tools: Tools
) -> Start:
    """The start of a variant; `head` is the entry's own, which the task replaced.

    Raises:
        CatalogError: a setting of the task or of the training is wrong.
        ValueError: a key is unknown or missing, or the pretraining has no exact loss for this stack.
    """
    rates = _rates(given)
    block = tools.fill_task(given["task"])
    task = tools.build_task(block)
    model = task.adapt({**variant.spec, "head": head})
    train = tools.fill_train(at_rate(given["train"], rates[0]))
    tools.read(model, task.for_model(model).batch(0, 1, 1).inputs)
    fresh = tools.fresh(Side(model, task.token_ids), variant)
    record = {
        "task": block,
        "data": task.digest(),
        "model": model,
        "train": {name: value for name, value in train.items() if name != "learning_rate"},
        "learning_rates": rates,
        "tuning_seeds": list(tuning_seeds),
    }
    return Start(record, _cost(task, model, train, tools), _note(record, fresh))


def _rates(given: Mapping[str, Any]) -> list[float]:
    unknown = [key for key in given if key not in KEYS]
    missing = [key for key in KEYS if key not in given]
    if unknown or missing:
        told = f"got {', '.join(given) or 'nothing'}; allowed: {', '.join(KEYS)}, all of them"
        raise ValueError(f"init_from: names a task, how it is trained, and the rates that are tried ({told})")
    if not isinstance(given["train"], Mapping):
        raise ValueError(f"init_from.train: got {given['train']!r}; allowed: a map of settings")
    if "learning_rate" in given["train"]:
        raise ValueError("init_from.train.learning_rate: is not given here; list it in init_from.learning_rates")
    rates = given["learning_rates"] if isinstance(given["learning_rates"], list) else [given["learning_rates"]]
    if not rates or len(set(rates)) < len(rates) or not all(map(_is_rate, rates)):
        raise ValueError(f"init_from.learning_rates: got {rates}; allowed: one number above 0, or more, each once")
    return [float(rate) for rate in rates]


def _is_rate(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value < math.inf


def _cost(task: Task, model: Json, train: Json, tools: Tools) -> Json:
    """Tokens and FLOPs of one pretraining."""
    lengths = lengths_of(task, model, train["batch_size"])
    rows = train["steps"] * train["batch_size"]
    return {"tokens": rows * sum(lengths), "flops": rows * tools.flops(model, *lengths)}


def _note(record: Json, fresh: Sequence[str]) -> str:
    rates = ", ".join(f"{rate:g}" for rate in record["learning_rates"])
    one = len(record["learning_rates"]) == 1
    tuned = f"at the one rate {rates}, untuned" if one else f"at the best of {rates} by its own validation loss"
    return (
        f"pretrained on {record['task']['kind']}, {record['train']['steps']} steps for each seed {tuned}; outside the "
        f"budget; fresh, in whole or part: {', '.join(fresh) or 'nothing'}"
    )
