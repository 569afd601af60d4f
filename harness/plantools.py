"""What a plan needs of the other rooms, as functions: the real ones load torch, tests bring their own."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.budget import Measure
from harness.ledger.canonical import Json
from harness.ledger.code import code_hash
from harness.pace import Clock, clock_of
from harness.tasks.registry import build_task, fill_task
from harness.tasks.task import Side, Task


@dataclass(frozen=True)
class Tools:
    """What a plan needs of the other rooms.

    `flops` takes a spec, tokens and source tokens of one row, `code` a spec of model and task and the sort of device;
    `read` takes a spec and a batch's inputs, and refuses what the model cannot read; `certify` takes a spec and its
    entry, and returns what the certificate finds; `groups` tells what weight decay shrinks under a `train` map,
    `memory` the bytes that training takes, `clock` what times steps on a device, `fresh` which tensors of a model
    take nothing over from another.
    """

    resolve: Callable[[str, str | None, Mapping[str, Any]], Json]
    fill_train: Callable[[Mapping[str, Any]], Json]
    resize: Callable[[Json, int, str, Measure], Json]
    count: Callable[[Json], Json]
    flops: Callable[[Json, int, int], int]
    fill_task: Callable[[Any], Json] = fill_task
    build_task: Callable[[Json], Task] = build_task
    code: Callable[[Json, str], str] = code_hash
    read: Callable[[Json, Mapping[str, Any]], None] = lambda spec, inputs: None
    certify: Callable[[Json, str], list[str]] = lambda spec, entry: []
    groups: Callable[[Json, Json], list[Json]] = lambda spec, train: []
    memory: Callable[[Json, Json, Json], int] = lambda spec, task, train: 0
    clock: Callable[[str], Clock] = lambda device: lambda runs: [[0.0] for _ in runs]
    fresh: Callable[[Side, Side], list[str]] = lambda old, new: []


def lengths_of(task: Task, spec: Json, batch_size: int) -> tuple[int, int]:
    """Tokens and source tokens that the model reads in a row of the first batch, padding included."""
    inputs = task.for_model(spec).batch(0, 1, batch_size).inputs
    source = inputs["source"].shape[1] if "source" in inputs else 0
    return int(inputs["tokens"].shape[1]), int(source)


def at_rate(train: Mapping[str, Any], rate: float) -> Mapping[str, Any]:
    """Settings of training with a rate among them, and with the marks that they had, so that a fault names its line."""
    changed = copy.copy(train)
    changed["learning_rate"] = rate  # type: ignore[index]
    return changed


def real_tools() -> Tools:
    """The tools of this project; loads torch."""
    from catalog import Catalog, resolve
    from harness.gate import faults_of
    from harness.train.build import groups_on_meta, read_on_meta
    from harness.train.memory import training_bytes
    from harness.train.options import fill
    from harness.train.transfer import fresh_names
    from variants import count_parameters, resize, training_flops

    def certify(spec: Json, entry: str) -> list[str]:
        return faults_of(spec, Catalog().raw(entry).get("declares") or {})

    return Tools(
        resolve=resolve,
        fill_train=fill,
        resize=resize,
        count=count_parameters,
        flops=training_flops,
        read=read_on_meta,
        certify=certify,
        groups=groups_on_meta,
        memory=training_bytes,
        clock=clock_of,
        fresh=fresh_names,
    )
