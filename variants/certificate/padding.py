"""Padding changes no real position, on the sides that the position schemes allow."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from variants.certificate.subject import LENGTH, SOURCE_LENGTH, Inputs, Subject, along
from variants.stack import Stack

PADS = 3
NEAR = 1e-8  # sums over padded rows are taken in another order


def check_padding(subject: Subject) -> Iterator[str]:
    """Compares padded batches with the same rows unpadded."""
    inputs = subject.inputs(batch=2)
    if inputs["tokens"].is_floating_point():
        return
    stack = subject.model.decoder or subject.model.encoder
    assert stack is not None
    for side in ("right", "left") if shifts_freely(stack) else ("right",):
        yield from _tokens(subject, inputs, side)
    if subject.takes_source and not (subject.model.encoder is None and not counts_real_tokens(stack)):
        yield from _source(subject, inputs)


def shifts_freely(stack: Stack) -> bool:
    """Whether slots may move without a change: every scheme is relative or counts real tokens."""
    return all(p.is_relative or p.ids == "mask" for p in stack.every_position)


def counts_real_tokens(stack: Stack) -> bool:
    """Whether a gap inside a sequence is skipped by every position scheme."""
    return all(p.ids == "mask" for p in stack.every_position)


def pad(tokens: Tensor, side: str, n: int = PADS) -> tuple[Tensor, Tensor]:
    """Tokens with `n` slots of junk at one side, and the mask of the real ones."""
    real = torch.ones_like(tokens, dtype=torch.bool)
    junk, unreal = tokens[:, :n].flip(1), torch.zeros_like(real[:, :n])
    pair = ((tokens, junk), (real, unreal)) if side == "right" else ((junk, tokens), (unreal, real))
    return torch.cat(pair[0], 1), torch.cat(pair[1], 1)


def pad_all(inputs: Inputs, side: str, n: int = PADS, what: str = "tokens") -> Inputs:
    """The inputs with `n` slots of junk at one side of the tokens, or of the source, and the padding mask."""
    names, mask = along(inputs, what), {"tokens": "padding_mask", "source": "source_padding_mask"}[what]
    longer = {name: pad(value, side, n)[0] if name in names else value for name, value in inputs.items()}
    return {**longer, mask: pad(inputs[what], side, n)[1]}


def _tokens(subject: Subject, inputs: Inputs, side: str) -> Iterator[str]:
    longer = pad_all(inputs, side)
    with torch.no_grad():
        plain = subject.hidden(**inputs)
        padded = subject.hidden(**longer)
        logits = subject.model(**inputs), subject.model(**longer)
    kept = padded[:, :LENGTH] if side == "right" else padded[:, PADS:]
    yield from _report(f"padding on the {side}", plain, kept)
    if logits[0].dim() == 2:
        yield from _report(f"padding on the {side}, pooled", *logits)


def _source(subject: Subject, inputs: Inputs) -> Iterator[str]:
    longer = pad_all(inputs, "right", min(PADS, SOURCE_LENGTH), "source")
    with torch.no_grad():
        plain = subject.hidden(**inputs)
        padded = subject.hidden(**longer)
    yield from _report("padding of the source", plain, padded)


def _report(what: str, plain: Tensor, padded: Tensor) -> Iterator[str]:
    change = float((plain - padded).abs().max())
    if not change <= NEAR:
        yield f"{what} changes real positions by {change:.1e}"
