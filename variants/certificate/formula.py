"""What a mixer or a norm computes equals the plain formula that stands beside it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product

import torch
from torch import Tensor

from variants.certificate.subject import LENGTH, SOURCE_LENGTH, Subject
from variants.certificate.visibility import all_marks, around, stream
from variants.context import Context
from variants.parts import Mixer, Norm
from variants.stack import Block, Stack

NEAR = 1e-8  # the sums are taken in another order


def check_formula(subject: Subject) -> Iterator[str]:
    """Compares every mixer and norm with its plain form; mixers on whole rows, and with padding and segments."""
    for stack in (subject.model.encoder, subject.model.decoder):
        for block in stack.blocks if stack is not None else ():
            assert isinstance(stack, Stack)
            assert isinstance(block, Block)
            for name, mixer in block.branches.items():
                assert isinstance(mixer, Mixer)
                yield from _mixer(f"{block.stack}.{name}", mixer, stack, stream(subject, batch=2))
    yield from _norms(subject)


@torch.no_grad()
def _mixer(place: str, mixer: Mixer, stack: Stack, x_BTD: Tensor) -> Iterator[str]:
    gaps = torch.ones(2, LENGTH, dtype=torch.bool, device=x_BTD.device)
    gaps[0, :2] = gaps[1, 4:6] = False
    for mask, marks in product((None, gaps), all_marks(mixer, x_BTD.device)):
        expected = mixer.plain(x_BTD, _around(stack, x_BTD, mask, marks))
        if expected is None:
            return
        change = (mixer(x_BTD, _around(stack, x_BTD, mask, marks)) - expected).abs().amax(-1)
        change = change if mask is None else change[mask]
        if not float(change.max()) <= NEAR:
            yield f"{place} differs from its plain formula by {float(change.max()):.1e}"
            return


def _around(stack: Stack, x_BTD: Tensor, mask_BT: Tensor | None, marks_1T: Tensor | None) -> Context:
    """As `around`; beside padded tokens the memory is padded as well, and there are segments."""
    context = around(stack, x_BTD, mask_BT, marks_1T)
    if mask_BT is not None:
        context.memory_mask_BS = torch.ones(2, SOURCE_LENGTH, dtype=torch.bool, device=x_BTD.device)
        context.memory_mask_BS[0, 2:4] = False
        context.segments_BT = (torch.arange(LENGTH, device=x_BTD.device) >= LENGTH // 2).long().expand(2, -1)
    return context


@torch.no_grad()
def _norms(subject: Subject) -> Iterator[str]:
    """Runs the model, and looks at what each norm makes of what it is given."""
    changes: dict[str, float] = {}

    def compare(norm: Norm, given: tuple[Tensor], made: Tensor, name: str) -> None:
        expected = norm.plain(given[0])
        changes[name] = 0.0 if expected is None else float((made - expected).abs().max())

    norms = [(name, norm) for name, norm in subject.model.named_modules() if isinstance(norm, Norm)]
    handles = [norm.register_forward_hook(partial(compare, name=name)) for name, norm in norms]
    try:
        subject.run(subject.inputs(batch=2))
    finally:
        for handle in handles:
            handle.remove()
    for name, change in changes.items():
        if not change <= NEAR:
            yield f"{name} differs from its plain formula by {change:.1e}"
