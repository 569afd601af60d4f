"""Visibility, measured by editing inputs and by gradient: a mixer equals its predicate, a model their product."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from variants.certificate.long_text import check_long_text
from variants.certificate.subject import LENGTH, SEEN, SOURCE_LENGTH, Subject
from variants.context import Context
from variants.parts import Marks, Mixer
from variants.stack import Block, Stack

FORESEES = "decoder: by its own visibility a token sees the future"


def check_visibility(subject: Subject) -> Iterator[str]:
    """Yields one sentence per place where a slot sees what it should not, or fails to see what it should."""
    for stack in (subject.model.encoder, subject.model.decoder):
        if stack is not None:
            yield from _mixers(subject, stack)
    yield from _model(subject)


def _mixers(subject: Subject, stack: Stack) -> Iterator[str]:
    for block in stack.blocks:
        assert isinstance(block, Block)
        for name, mixer in block.branches.items():
            assert isinstance(mixer, Mixer)
            yield from _mixer(f"{block.stack}.{name}", mixer, stack, stream(subject))


def _mixer(place: str, mixer: Mixer, stack: Stack, x_1TD: Tensor) -> Iterator[str]:
    if mixer(x_1TD, around(stack, x_1TD)).shape != x_1TD.shape:
        yield f"{place}: the output's shape is not the input's"
        return
    for marks in all_marks(mixer, x_1TD.device):
        measured = dependency(lambda x, m=marks: mixer(x, around(stack, x, marks_1T=m)), x_1TD)  # type: ignore[misc]
        yield from _compare(place, measured, expected(mixer, LENGTH, 0, marks), mixer.is_bounded)


def all_marks(mixer: Mixer, device: torch.device) -> tuple[Tensor | None, ...]:
    """What calls may say of global tokens, (1, LENGTH): nothing, and for a mixer that knows them which they are."""
    visibility = mixer.sees()
    if visibility is None or visibility.n_global is None:
        return (None,)
    return None, torch.arange(LENGTH, device=device)[None] % 4 == 2


def stream(subject: Subject, batch: int = 1) -> Tensor:
    """Random vectors for a mixer to read."""
    draw = torch.Generator().manual_seed(1)
    return torch.randn(batch, LENGTH, subject.spec["d_model"], generator=draw, dtype=torch.float64).to(subject.device)


def around(stack: Stack, x_BTD: Tensor, mask_BT: Tensor | None = None, marks_1T: Tensor | None = None) -> Context:
    """What a mixer of this stack finds beside `x_BTD`: prepared positions, and a random memory."""
    context = Context(x_BTD.shape[0], x_BTD.shape[1], x_BTD.device, mask_BS=mask_BT, positions=tuple(stack.positions))  # type: ignore[arg-type]
    draw = torch.Generator().manual_seed(2)
    memory = torch.randn(1, SOURCE_LENGTH, x_BTD.shape[2], generator=draw, dtype=torch.float64)
    context.memory_BSD = memory.to(x_BTD.device).expand(x_BTD.shape[0], -1, -1)
    context.global_BS = marks_1T
    context.memory_inputs_BSD, context.inputs_BTD = context.memory_BSD.flip(1), torch.ones_like(x_BTD)
    for position in stack.every_position:
        position.prepare(context)
    return context


def expected(mixer: Mixer, tokens: int, prefix: int, marks_1T: Tensor | None = None) -> Tensor:
    """The (T, T) matrix of what each slot may read through one mixer: its predicate, or itself alone."""
    visibility = mixer.sees()
    slots = torch.arange(tokens)
    if visibility is None:
        return torch.eye(tokens, dtype=torch.bool)
    marks = Marks(torch.full((1, 1, 1), prefix) if prefix else None, None if marks_1T is None else marks_1T.cpu())
    return visibility.allows(slots[:, None], slots[None, :], marks).reshape(tokens, tokens)


def product(stack: Stack, tokens: int, prefix: int, marks_1T: Tensor | None = None) -> Tensor:
    """What each slot may read through the whole stack: the boolean product over sublayers and depths."""
    reach = torch.eye(tokens, dtype=torch.bool)
    for group in stack.groups:
        block = stack.blocks[group]
        assert isinstance(block, Block)
        for names in block.names:
            step = torch.eye(tokens, dtype=torch.bool)
            for name in names:
                mixer = block.branches[name]
                assert isinstance(mixer, Mixer)
                step = step | expected(mixer, tokens, prefix, marks_1T)
            reach = (step.float() @ reach.float()) > 0
    return reach


def foresees(stack: Stack) -> bool:
    """Whether by its own predicates a slot of the stack may see a later one."""
    return bool(product(stack, LENGTH, 0).triu(1).any())


def dependency(function: Callable[[Tensor], Tensor], x_1TD: Tensor) -> Tensor:
    """The (T, T) matrix of effects: output slot i changes when input slot j is edited, or has a gradient to it."""
    tokens = x_1TD.shape[1]
    edited = x_1TD.repeat(tokens + 1, 1, 1)
    draw = torch.Generator().manual_seed(3)
    slots = torch.arange(tokens)
    edited[slots + 1, slots] += torch.randn(tokens, x_1TD.shape[2], generator=draw, dtype=torch.float64).to(x_1TD)
    with torch.no_grad():
        y = function(edited)
    by_edit = ((y[1:] - y[:1]).abs().amax(-1) > SEEN).T
    return (by_edit | _by_gradient(function, x_1TD)).cpu()


def _by_gradient(function: Callable[[Tensor], Tensor], x_1TD: Tensor) -> Tensor:
    tokens = x_1TD.shape[1]
    x = x_1TD.repeat(tokens, 1, 1).requires_grad_()
    y = function(x)
    weights = torch.randn(y.shape[-1], generator=torch.Generator().manual_seed(4), dtype=torch.float64).to(y)
    slots = torch.arange(tokens)
    (gradient,) = torch.autograd.grad((y[slots, slots] * weights).sum(), x)
    return gradient.abs().amax(-1) > SEEN


def _model(subject: Subject) -> Iterator[str]:
    stack = subject.model.decoder or subject.model.encoder
    assert stack is not None
    inputs = subject.inputs(batch=1)
    inputs.pop("segments", None)  # a predicate says what is seen within one segment
    prefix = SOURCE_LENGTH if subject.takes_source and subject.model.encoder is None else 0
    slots, marks = subject.model.embedding.length(inputs["tokens"]) + prefix, inputs.get("global_mask")
    reach = product(stack, slots, prefix, marks)[prefix:, prefix:]
    bounded = any(isinstance(m, Mixer) and m.is_bounded for m in stack.modules())
    if inputs["tokens"].is_floating_point():
        return
    if subject.model.decoder is not None and bool(reach.triu(1).any()):
        query, key = (int(i) for i in reach.triu(1).nonzero()[0])
        yield f"{FORESEES} (slot {query} may see slot {key}); narrow a causal one in the attention instead"
    yield from _compare("model", _token_effects(subject, inputs, "tokens"), reach, bounded)
    if subject.model.decoder is not None and not bool(reach.triu(1).any()):
        yield from check_long_text(subject)
    if subject.takes_source:
        seen = _token_effects(subject, inputs, "source")
        spans = all(m.spans_memory for m in stack.modules() if isinstance(m, Mixer))
        if spans and not bool(seen.all()):
            yield f"model: {int((~seen).sum())} of {seen.numel()} (token, source) pairs have no effect"


def _token_effects(subject: Subject, inputs: dict[str, Tensor], name: str) -> Tensor:
    """(T, N): what each of the head's slots reads of each edited token of the input `name`."""
    n = inputs[name].shape[1]
    rows = {key: value.repeat(n + 1, 1) for key, value in inputs.items()}
    slots = torch.arange(n)
    vocabulary = subject.spec.get("source_vocab_size") if name == "source" else None
    limit = vocabulary or subject.spec["vocab_size"]
    rows[name][slots + 1, slots] = (rows[name][slots + 1, slots] + 1 + slots.to(subject.device) % 3) % limit
    with torch.no_grad():
        hidden = subject.hidden(**rows)
    return ((hidden[1:] - hidden[:1]).abs().amax(-1) > SEEN).T.cpu()


def _compare(place: str, measured: Tensor, allowed: Tensor, bounded: bool) -> Iterator[str]:
    """An exact mixer must see all it may; a content-routed one only stays inside its bound."""
    leaks = measured & ~allowed
    if bool(leaks.any()):
        query, key = (int(i) for i in leaks.nonzero()[0])
        word = "the future" if key > query else "the past beyond its bound"
        yield f"{place}: slot {query} sees slot {key}, {word} ({int(leaks.sum())} such pairs)"
    missed = allowed & ~measured
    if not bounded and bool(missed.any()):
        query, key = (int(i) for i in missed.nonzero()[0])
        yield f"{place}: slot {query} should see slot {key} and does not ({int(missed.sum())} such pairs)"
