"""At its true first values a model's loss is near that of a uniform guess."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from variants.builder import build_model
from variants.certificate.subject import Subject

MARGIN = 0.1  # nats


def check_initial_loss(subject: Subject) -> Iterator[str]:
    """Loss within 0.1 nats of ln V plus half the logits' variance; first values are the same on every call."""
    torch.manual_seed(5)
    model = build_model(subject.spec, seed=0).eval()
    torch.manual_seed(6)
    again = build_model(subject.spec, seed=0)
    for (name, ours), theirs in zip(model.named_parameters(), again.parameters(), strict=True):
        if not torch.equal(ours, theirs) or not bool(ours.isfinite().all()):
            yield f"{name} is not a pure function of seed, salt and role, or not finite"
    inputs = {name: _as_float(value).cpu() for name, value in subject.inputs(batch=16).items()}
    with torch.no_grad():
        logits = model(**inputs).flatten(0, -2)
    if logits.shape[-1] == 1:  # one logit alone is the log of the odds against 0
        logits = torch.cat([logits, torch.zeros_like(logits)], -1)
    loss = float((logits.logsumexp(-1) - logits.mean(-1)).mean())  # over a uniform target, so without sampling error
    guess = math.log(logits.shape[-1]) + float(logits.var(-1).mean()) / 2
    if abs(loss - guess) > MARGIN:
        yield f"initial loss {loss:.3f} nats, expected {guess:.3f} within {MARGIN}"


def _as_float(value: torch.Tensor) -> torch.Tensor:
    return value.float() if value.is_floating_point() else value
