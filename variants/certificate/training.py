"""In training, too, rows do not see each other and no slot sees a later one."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from variants.certificate.subject import LENGTH, SEEN, Inputs, Subject
from variants.certificate.visibility import foresees

CUT = LENGTH // 2


def check_training(subject: Subject) -> Iterator[str]:
    """Edits one row from a slot on; statistics of a batch, as a batch norm takes them, are those of training alone."""
    subject = Subject.of(_without_dropout(subject.spec), str(subject.device))
    inputs = subject.inputs(batch=4)
    if inputs["tokens"].is_floating_point():
        return
    edited = {**inputs, "tokens": inputs["tokens"].clone()}
    edited["tokens"][2, CUT:] = (edited["tokens"][2, CUT:] + 1) % subject.spec["vocab_size"]
    changed_BT = (_trained(subject, edited) - _trained(subject, inputs)).abs().amax(-1) > SEEN
    others_B = changed_BT.any(1)
    others_B[2] = False
    if bool(others_B.any()):
        yield f"in training, editing row 2 changes row {int(others_B.nonzero()[0])}"
    before = changed_BT[2, :CUT]
    if subject.model.decoder is not None and not foresees(subject.model.decoder) and bool(before.any()):
        yield f"in training, slot {int(before.nonzero()[0])} sees the future: one of those from slot {CUT} on"


def _without_dropout(spec: Any) -> Any:
    """Experts drop numbers of the tokens that chose them, so that another choice in one row is felt in all."""
    if isinstance(spec, dict):
        return {name: 0.0 if name == "dropout" else _without_dropout(value) for name, value in spec.items()}
    return [_without_dropout(value) for value in spec] if isinstance(spec, list) else spec


def _trained(subject: Subject, inputs: Inputs) -> Tensor:
    """What the head reads in training, (B, T, D): of a copy, which a step may move, with the same draws each time."""
    there = [subject.device] if subject.device.type != "cpu" else []
    with torch.random.fork_rng(there), torch.no_grad():
        torch.manual_seed(0)
        return Subject(subject.spec, copy.deepcopy(subject.model).train(), subject.device).hidden(**inputs)
