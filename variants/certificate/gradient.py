"""Every parameter gets gradient, but those declared dead; a declared one that gets gradient fails too."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from variants.certificate.subject import Subject, gradients
from variants.parts import Mixer, Position
from variants.stack import Stack

ALIVE = 1e-9


def check_gradients(subject: Subject) -> Iterator[str]:
    """Adds up gradients over a few batches, since a routed expert may sleep through one."""
    subject.model.zero_grad()
    for seed in range(4):
        output = subject.run(subject.inputs(batch=4, seed=seed))
        loss = subject.loss(output, seed) + sum(output.aux.values())
        loss.backward()  # type: ignore[no-untyped-call]
    declared = dead(subject)
    for role, size in gradients(subject.model).items():
        if size <= ALIVE and role not in declared:
            yield f"{role} gets no gradient"
        if size > ALIVE and role in declared:
            yield f"{role} is declared dead ({declared[role]}) but gets a gradient of {size:.1e}"
    subject.model.zero_grad()
    yield from check_accumulation(subject)


def dead(subject: Subject) -> dict[str, str]:
    """Roles that the parts declare to be without gradient, with the reasons."""
    declared: dict[str, str] = {}
    for path, stack in subject.model.named_modules():
        if isinstance(stack, Stack):
            positions = tuple(p for p in stack.positions if isinstance(p, Position))
            for inner, mixer in stack.named_modules():
                if isinstance(mixer, Mixer):
                    own = mixer.dead_parameters(positions).items()
                    declared |= {f"{path}.{inner}.{name}": reason for name, reason in own}
    return declared


def check_accumulation(subject: Subject) -> Iterator[str]:
    """One batch of sixteen rows gives the gradient of four batches of four; batch-level losses are left out."""
    inputs = subject.inputs(batch=16)
    whole = _gradient(subject, [inputs])
    parts = [{name: value[i : i + 4] for name, value in inputs.items()} for i in range(0, 16, 4)]
    change = float((whole - _gradient(subject, parts)).abs().max())
    if not change <= 1e-8 * max(1.0, float(whole.abs().max())):
        yield f"one batch of 16 and four of 4 differ in gradient by {change:.1e}"


def _gradient(subject: Subject, batches: list[dict[str, torch.Tensor]]) -> torch.Tensor:
    subject.model.zero_grad()
    for inputs in batches:
        subject.loss(subject.run(inputs)).backward()  # type: ignore[no-untyped-call]
    grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in subject.model.parameters()]
    flat = torch.cat([g.flatten() for g in grads])
    subject.model.zero_grad()
    return flat
