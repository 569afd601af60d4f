"""Loads a reference's tensors into a model, and checks without a forward pass that nothing is lost or set twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from catalog.errors import did_you_mean
from catalog.reference import Reference
from variants.builder import Model
from variants.weights.matching import Matching, Move, match, matches_words
from variants.weights.names import slots

SHOWN = 12  # faults in one message


@torch.no_grad()
def load_reference(model: Model, tensors: Mapping[str, Tensor], reference: Reference) -> None:
    """Sets every parameter of `model` from the library's `tensors`.

    Raises:
        ValueError: a tensor of the library's is left over or used twice, one of ours is not set or set twice, shapes
            differ, a rule loses numbers, a constant is another, or two names of one tensor disagree.
    """
    tensors = _with_first_names(tensors, reference)
    found = match(model, tensors, reference)
    refuse([*found.faults, *_uncounted(model, tensors, found, reference)])
    results = [(move, _results(move, tensors)) for move in found.moves]
    refuse([fault for move, values in results for fault in _misfits(move, tensors, values)])
    for move, values in results:
        assert not isinstance(values, ValueError)
        for slot, value in zip(move.targets, values, strict=True):
            slot.tensor.copy_(value)


def constant(name: str, reference: Reference) -> float | None:
    """The number that fills a tensor of this name; None where it has a place in our model."""
    return next((number for text, number in reference.constants.items() if matches_words(text, name)), None)


def refuse(faults: list[str]) -> None:
    """Raises one error for all faults.

    Raises:
        ValueError: there is one.
    """
    if faults:
        rest = f"\n... and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise ValueError("\n".join(faults[:SHOWN]) + rest)


def _with_first_names(tensors: Mapping[str, Tensor], reference: Reference) -> dict[str, Tensor]:
    """The tensors, with one that came under its second name alone under its first."""
    named = dict(tensors)
    for alias, other in reference.aliases.items():
        if alias in named and other not in named:
            named[other] = named.pop(alias)
    return named


def _uncounted(model: Model, tensors: Mapping[str, Tensor], found: Matching, reference: Reference) -> Iterator[str]:
    used = Counter(name for move in found.moves for name in move.sources)
    given = Counter(slot.role for move in found.moves for slot in move.targets)
    for name in tensors:
        if used[name] > 1:
            yield f"{name} is used by {used[name]} rules; each tensor of the library's may be used once"
        elif not used[name]:
            yield from _left_over(name, tensors, reference)
    near = [name for name in tensors if not used[name]]
    for slot in slots(model):
        if given[slot.role] > 1:
            yield f"{slot.role} is set by {given[slot.role]} rules; each of our parameters may be set once"
        elif not given[slot.role]:
            yield f"{slot.role} is set by no rule ({_wanted(slot.name, near, reference)})"


def _left_over(name: str, tensors: Mapping[str, Tensor], reference: Reference) -> Iterator[str]:
    other = reference.aliases.get(name)
    if other is not None:
        if not torch.equal(tensors[name], tensors[other]):
            yield f"{name} and {other} are two names of one tensor in this model, but their values differ"
    elif (number := constant(name, reference)) is not None:
        if not torch.equal(tensors[name], torch.full_like(tensors[name], number)):
            yield f"{name} is not {number} everywhere, and our model has no place for it"
    elif not any(matches_words(text, name) for text in (*reference.ignore, *reference.fixed)):
        yield f"{name} {tuple(tensors[name].shape)} is used by no rule and not listed under ignore"


def _wanted(name: str, left: list[str], reference: Reference) -> str:
    bare = name.removesuffix(".weight").removesuffix(".bias")
    rule = next((rule for rule in reference.rules if {name, bare} & set(rule.to)), None)
    if rule is not None:
        near = did_you_mean(rule.sources[0].replace("*", "0"), left)
        return f"its rule wants {rule.sources[0]}" + (f"; did you mean {near}?" if near else "")
    near = did_you_mean(bare, [to for rule in reference.rules for to in rule.to])
    return f"its name in a table is {bare}" + (f"; did you mean {near}?" if near else "")


def _results(move: Move, tensors: Mapping[str, Tensor]) -> list[Tensor] | ValueError:
    try:
        return move.forward([tensors[name] for name in move.sources])
    except (ValueError, RuntimeError) as error:
        return ValueError(str(error))


def _misfits(move: Move, tensors: Mapping[str, Tensor], results: list[Tensor] | ValueError) -> Iterator[str]:
    rule = f"{', '.join(move.sources[:3])} -> {', '.join(slot.role for slot in move.targets[:4])}"
    if isinstance(results, ValueError):
        yield f"{rule}: {results}"
        return
    shapes = [tuple(slot.tensor.shape) for slot in move.targets]
    got = [tuple(value.shape) for value in results]
    if got != shapes:
        yield f"{rule}: shapes {got}, wanted {shapes}"
        return
    sources = [tensors[name] for name in move.sources]
    if move.rule.ops and _fingerprint(sources) != _fingerprint(move.moved(sources)):
        yield f"{rule}: the rule loses or repeats numbers"


def _fingerprint(tensors: list[Tensor]) -> tuple[int, int, int]:
    """The count of numbers, and two sums over their bits that no order changes."""
    bits = [tensor.detach().float().contiguous().view(torch.int32).to(torch.int64) for tensor in tensors]
    mixed = [(b * 0x9E3779B1) ^ (b >> 7) for b in bits]
    sums = sum(int(b.sum()) for b in bits), sum(int((m * m).sum()) for m in mixed)
    return sum(b.numel() for b in bits), sums[0] % 2**64, sums[1] % 2**64
