"""Cached decoding gives the same logits as one full forward."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from variants.certificate.padding import counts_real_tokens, pad_all, shifts_freely
from variants.certificate.subject import LENGTH, PER_TOKEN, Inputs, Subject
from variants.decoding.stepping import stepping

NEAR = 1e-8
CHUNKS = (4, 1, 1, 2, 1, 2)  # a prompt, single steps, and several tokens at once


def check_cache(subject: Subject) -> Iterator[str]:
    """Decodes in chunks, with and without padding, and compares."""
    if not subject.decodes or subject.model.decoder is None:
        return
    inputs = subject.inputs(batch=2)
    if subject.model(**inputs).dim() != 3:
        return  # a pooled head has one answer per sequence, and nothing to decode
    yield from _compare(subject, inputs, "cached decoding")
    if shifts_freely(subject.model.decoder):
        padded = pad_all(inputs, "left", 2)
        padded["padding_mask"][0] = True
        yield from _compare(subject, padded, "cached decoding after left padding")
    if subject.takes_source and (subject.model.encoder is not None or counts_real_tokens(subject.model.decoder)):
        yield from _compare(subject, pad_all(inputs, "right", 2, "source"), "cached decoding after a padded source")


def _compare(subject: Subject, inputs: Inputs, what: str) -> Iterator[str]:
    real = inputs.get("padding_mask", torch.ones_like(inputs["tokens"], dtype=torch.bool))
    for way, bound in {"": False, " by bound steps": True}.items():
        # a bound step is given no segments
        given = {name: value for name, value in inputs.items() if not (bound and name == "segments")}
        with torch.no_grad():
            change_BT = (subject.model(**given) - _decode(subject, given, bound)).abs().amax(-1)
        change = float(change_BT[real].max())
        if not change <= NEAR:
            yield f"{what}{way} differs from the full forward by {change:.1e}"


def _decode(subject: Subject, inputs: Inputs, bound: bool) -> Tensor:
    """Logits of all tokens, read in pieces; `bound` says how single ones are, as `generate` does or as `model.run`."""
    tokens, names = inputs["tokens"], (*PER_TOKEN, "padding_mask")
    by_slot = {name: value for name, value in inputs.items() if name in names}
    rest = {name: value for name, value in inputs.items() if name not in names}
    prefix = rest["source"].shape[1] if "source" in rest and subject.model.encoder is None else 0
    state = subject.model.new_state(tokens.shape[0], tokens.shape[1] + prefix)
    first = tokens.shape[1] - LENGTH + CHUNKS[0]
    part = {name: value[:, :first] for name, value in by_slot.items()}
    pieces, start = [subject.model.run(**part, **rest, state=state).logits], first  # type: ignore[arg-type]
    step = stepping(subject.model, state)
    for size in CHUNKS[1:]:
        part = {name: value[:, start : start + size] for name, value in by_slot.items()}
        if bound and size == 1:
            pieces.append(step(part["tokens"][:, 0])[:, None])
        else:
            pieces.append(subject.model.run(**part, state=state).logits)  # type: ignore[arg-type]
        start += size
    assert start == tokens.shape[1]
    return torch.cat(pieces, 1)
