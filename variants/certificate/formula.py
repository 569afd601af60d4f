"""What a mixer computes equals the plain formula that stands beside it."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from variants.certificate.subject import LENGTH, Subject
from variants.certificate.visibility import around, stream
from variants.parts import Mixer
from variants.stack import Block, Stack

NEAR = 1e-8  # the sums are taken in another order


def check_formula(subject: Subject) -> Iterator[str]:
    """Compares every mixer that has a plain form with it, on whole rows and on rows with padding inside."""
    for stack in (subject.model.encoder, subject.model.decoder):
        for block in stack.blocks if stack is not None else ():
            assert isinstance(stack, Stack)
            assert isinstance(block, Block)
            for name, mixer in block.branches.items():
                assert isinstance(mixer, Mixer)
                yield from _mixer(f"{block.stack}.{name}", mixer, stack, stream(subject, batch=2))


def _mixer(place: str, mixer: Mixer, stack: Stack, x_BTD: Tensor) -> Iterator[str]:
    real = torch.ones(2, LENGTH, dtype=torch.bool, device=x_BTD.device)
    gaps = real.clone()
    gaps[0, :2] = gaps[1, 4:6] = False
    for mask in (None, gaps):
        with torch.no_grad():
            expected = mixer.plain(x_BTD, around(stack, x_BTD, mask))
            if expected is None:
                return
            change = (
                (mixer(x_BTD, around(stack, x_BTD, mask)) - expected).abs().amax(-1)[real if mask is None else mask]
            )
        if not float(change.max()) <= NEAR:
            yield f"{place} differs from its plain formula by {float(change.max()):.1e}"
            return
