"""FLOPs of a model, from each part's own formula and the visible pairs counted off its predicate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch

from variants.builder import Model, build_model
from variants.parts import NO_MARKS, Marks, Mixer, Position, Spec, Visibility
from variants.stack import Block, Stack

BACKWARD = 2  # a backward pass costs two matrix products for each one of the forward pass


def visible_pairs(visibility: Visibility | None, tokens: int, prefix: int = 0) -> int:
    """How many (query, key) slots a predicate allows among `tokens` slots."""
    if visibility is None:
        return 0
    if visibility.is_full:
        return tokens * tokens
    total, slots = 0, torch.arange(tokens)
    marks = Marks(torch.full((1, 1, 1), prefix)) if prefix else NO_MARKS
    for chunk in torch.split(slots, 1024):  # by rows: a dense mask of 100k tokens would not fit
        total += int(visibility.allows(chunk[:, None], slots[None, :], marks).sum())
    return total


def forward_flops(model: Model, tokens: int, source: int = 0) -> int:
    """Forward FLOPs of one sequence of `tokens` tokens, with `source` tokens for the encoder or as a prefix."""
    ends = model.embedding.flops(tokens) + model.head.flops(tokens)
    if model.encoder is None or model.decoder is None:
        stack = model.decoder or model.encoder
        assert stack is not None
        return ends + model.embedding.flops(source) + _stack_flops(stack, tokens + source, 0, prefix=source)
    ends += (model.source_embedding or model.embedding).flops(source)
    return ends + _stack_flops(model.encoder, source, 0) + _stack_flops(model.decoder, tokens, source)


def training_flops(spec: Spec, tokens: int, source: int = 0) -> int:
    """FLOPs of one training sequence, forward and backward, without recomputation."""
    return (1 + BACKWARD) * forward_flops(build_model(spec, device="meta"), tokens, source)


def coefficients(model: Model) -> tuple[int, dict[str, int]]:
    """Forward FLOPs for each token of the stack that is read last, and for each visible pair, by visibility.

    Every formula is linear in tokens and in pairs, so that these hold at any length. Pairs with the encoder's slots
    are under `memory`; the encoder itself is not in it.
    """
    stack = model.decoder or model.encoder
    assert stack is not None
    per_pair: dict[str, int] = {}
    per_token = model.embedding.flops(1) + model.head.flops(1)
    for mixer in _mixers(stack):
        alone, with_pair = (
            mixer.flops(1, pairs) + sum(position.flops(1, pairs) for position in _positions(stack, mixer))
            for pairs in (0, 1)
        )
        per_token += alone
        visibility = None if mixer.reads_memory else mixer.sees()
        name = "memory" if visibility is None else "+".join(map(str, _flat(visibility.signature())))
        pair = with_pair - alone
        if pair:
            per_pair[name] = per_pair.get(name, 0) + pair
    return per_token, per_pair


def _flat(signature: tuple[object, ...]) -> Iterator[object]:
    for item in signature:
        if isinstance(item, tuple):
            yield from _flat(item)
        else:
            yield item


def _stack_flops(stack: Stack, tokens: int, memory: int, prefix: int = 0) -> int:
    pairs: dict[tuple[object, ...], int] = {}
    total = 0
    for mixer in _mixers(stack):
        visibility = None if mixer.reads_memory else mixer.sees()
        key = visibility.signature() if visibility is not None else ("memory",)
        if key not in pairs:
            pairs[key] = visible_pairs(visibility, tokens, prefix) if visibility is not None else tokens * memory
        total += mixer.flops(tokens, pairs[key])
        total += sum(position.flops(tokens, pairs[key]) for position in _positions(stack, mixer))
    return total


def _positions(stack: Stack, mixer: Mixer) -> Iterable[Position]:
    """The schemes that act inside this mixer: its own, or those of the stack."""
    if "bias" not in mixer.hooks:
        return ()
    return tuple(mixer.positions()) or (p for p in stack.positions if isinstance(p, Position))


def _mixers(stack: Stack) -> Iterator[Mixer]:
    """Every branch once per depth that runs it."""
    for group in stack.groups:
        block = stack.blocks[group]
        assert isinstance(block, Block)
        yield from (branch for branch in block.branches.values() if isinstance(branch, Mixer))
