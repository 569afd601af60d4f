"""Training steps of ours and its peers timed against each other, with the check that makes the times count."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from benchmarks.measure.clocks import clock_of
from benchmarks.measure.deadline import Deadline
from benchmarks.measure.kernels import ran
from benchmarks.measure.memory import peak_bytes
from benchmarks.measure.rounds import compared, interleave
from benchmarks.peers.peer import Field
from benchmarks.peers.size import SEED
from benchmarks.peers.step import TrainingStep, twin
from harness.train.device import synchronize

COMPILED = ", compiled"
LOGITS_APART = 1e-3  # float32 sums in another order, over a dozen layers
LOSSES_APART = {"float32": 1e-4, "bf16": 1e-2}  # relative; bf16 keeps 8 bits
CHECKED_ROWS = 2


class Void(Exception):
    """A check failed, so that the times say nothing; `record` holds what was found."""

    def __init__(self, reason: str, record: dict[str, Any]) -> None:
        super().__init__(reason)
        self.record = record


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How a contest is held: precision, a backend of torch.compile or None, rounds, and steps in each."""

    precision: str
    compiler: str | None
    rounds: int
    repeats: int


def contest(field: Field, device: torch.device, rules: Rules, deadline: Deadline) -> dict[str, Any]:
    """Trains ours and every peer on one batch, eagerly and compiled, and compares their seconds per step.

    Raises:
        Void: logits or losses are not what they must be.
        TimeUp: the deadline passed before there were enough rounds.
    """
    torch.compiler.reset()  # past a few compiled models torch would run the rest as they are, in silence
    field.to(device)
    record: dict[str, Any] = {"entry": field.entry, "size": field.size.to_json(), "precision": rules.precision}
    record["seed"] = SEED
    record["parameters"] = {peer.name: peer.parameters() for peer in field.peers}
    record["logits_apart"] = _logits_apart(field, device)
    _require_equal_logits(record)
    steps = _steps(field, device, rules)
    record |= _first_steps(steps, device, deadline)
    _require_equal_losses(record, field, rules.precision)
    record["kernels"] = {name: ran(step, device) for name, step in steps.items()}
    record["peak_bytes"] = {name: peak_bytes(step, device) for name, step in steps.items()}
    rounds = interleave(steps, clock_of(device), rules.rounds, rules.repeats, deadline)
    return record | compared(rounds, _pairs(field, rules.compiler is not None))


def _steps(field: Field, device: torch.device, rules: Rules) -> dict[str, TrainingStep]:
    inputs = field.size.inputs(device)
    steps = {peer.name: TrainingStep(peer, inputs, rules.precision) for peer in field.peers}
    if rules.compiler is not None:
        others = [twin(peer, peer.name + COMPILED) for peer in field.peers]
        steps |= {peer.name: TrainingStep(peer, inputs, rules.precision, rules.compiler) for peer in others}
    return steps


def _pairs(field: Field, with_compiled: bool) -> list[tuple[str, str]]:
    ours, others = field.ours.name, [peer.name for peer in field.others]
    pairs = [(ours, name) for name in others]
    if with_compiled:
        pairs += [(ours + COMPILED, name + COMPILED) for name in others]
        pairs += [(name + COMPILED, name) for name in (ours, *others)]
    return pairs


@torch.no_grad()
def _logits_apart(field: Field, device: torch.device) -> dict[str, float]:
    """The largest absolute difference from ours in float32, for every peer with our weights."""
    inputs = field.size.inputs(device, batch=min(CHECKED_ROWS, field.size.batch))
    ours = field.ours.logits(inputs)
    same = [peer for peer in field.others if peer.same_weights]
    return {peer.name: float((peer.logits(inputs) - ours).abs().max()) for peer in same}


def _first_steps(steps: Mapping[str, TrainingStep], device: torch.device, deadline: Deadline) -> dict[str, Any]:
    """Loss of the first step, and its wall seconds, in which compilation falls."""
    losses, seconds = {}, {}
    for name, step in steps.items():
        deadline.check()
        start = time.perf_counter()
        losses[name] = float(step())
        synchronize(device)
        seconds[name] = time.perf_counter() - start
    return {"first_loss": losses, "first_step_seconds": seconds}


def _require_equal_logits(record: dict[str, Any]) -> None:
    wrong = {name: apart for name, apart in record["logits_apart"].items() if not apart < LOGITS_APART}
    if wrong:
        raise Void(f"logits differ from ours by more than {LOGITS_APART}: {wrong}", record)


def _require_equal_losses(record: dict[str, Any], field: Field, precision: str) -> None:
    losses, allowed = record["first_loss"], LOSSES_APART[precision]
    base = losses[field.ours.name]
    own_weights = {peer.name for peer in field.others if not peer.same_weights}
    same = {name: loss for name, loss in losses.items() if name.removesuffix(COMPILED) not in own_weights}
    wrong = {name: loss for name, loss in same.items() if not abs(loss - base) < allowed * base}
    if wrong:
        raise Void(f"first losses differ from ours, {base:.6f}, by more than {allowed:.0e} of it: {wrong}", record)
