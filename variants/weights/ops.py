"""The bijections between a library's tensors and ours: each op has an inverse, and all but `add_one` only move numbers.

An op turns a list of tensors into a list of tensors. `Place` says what the rule's targets look like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar

import torch
from torch import Tensor

from catalog.reference import Op as OpSpec


@dataclass(frozen=True)
class Place:
    """Where a rule's tensors go: the shapes of its targets, one for each name, and dimensions by name."""

    shapes: tuple[torch.Size, ...]
    number: Callable[[str], int]


class Op:
    """A bijection; `moves_only` says that the numbers themselves stay as they are."""

    moves_only: ClassVar[bool] = True

    def __init__(self, argument: Any = None) -> None:
        self.argument = argument

    def apply(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        raise NotImplementedError

    def undo(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        raise NotImplementedError


OPS: dict[str, type[Op]] = {}


def register(name: str) -> Callable[[type[Op]], type[Op]]:
    """Registers an op under the name that a rule uses."""

    def decorate(cls: type[Op]) -> type[Op]:
        OPS[name] = cls
        return cls

    return decorate


def make_ops(specs: Sequence[OpSpec]) -> list[Op]:
    """The ops of a rule, those that only move numbers first: `add_one` commutes with all of them."""
    ops = [OPS[name](argument) for name, argument in specs]
    return sorted(ops, key=lambda op: not op.moves_only)


@register("transpose")
class Transpose(Op):
    """(in, out) to (out, in), the last two dimensions of a stack; a bias stays."""

    def apply(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        return [tensor.mT if tensor.dim() >= 2 else tensor for tensor in tensors]

    def undo(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        return self.apply(tensors, place)


@register("split")
class Split(Op):
    """Rows of one tensor to several: `equal` as blocks in the targets' sizes, or in turn within each of n chunks.

    `per_head` and `per_group` take a chunk for each head or key-value head, `interleaved` one for each row of a target.
    """

    def apply(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        return list(chain.from_iterable(self._apart(tensor, place) for tensor in tensors))

    def undo(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        n = len(place.shapes)
        return [self._together(tensors[i : i + n], place) for i in range(0, len(tensors), n)]

    def _apart(self, tensor: Tensor, place: Place) -> list[Tensor]:
        sizes = [shape[0] for shape in place.shapes]
        if sum(sizes) != len(tensor):
            sizes = [len(tensor) // len(sizes)] * len(sizes)
        chunks = self._chunks(sizes, place)
        if sum(sizes) != len(tensor) or any(size % chunks for size in sizes):
            raise ValueError(f"{len(tensor)} rows do not split into {sizes} by {chunks} chunks")
        rows = _chunked(tensor, chunks)
        return [piece.flatten(0, 1) for piece in torch.split(rows, [size // chunks for size in sizes], dim=1)]

    def _together(self, pieces: list[Tensor], place: Place) -> Tensor:
        chunks = self._chunks([len(piece) for piece in pieces], place)
        return torch.cat([_chunked(piece, chunks) for piece in pieces], 1).flatten(0, 1)

    def _chunks(self, sizes: list[int], place: Place) -> int:
        if isinstance(self.argument, int):
            return self.argument
        dimension = {"per_head": "n_heads", "per_group": "n_kv_heads"}.get(self.argument)
        if dimension is not None:
            return place.number(dimension)
        return min(sizes) if self.argument == "interleaved" else 1


@register("add_one")
class AddOne(Op):
    """A gain that is stored less one."""

    moves_only = False

    def apply(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        return [tensor + 1 for tensor in tensors]

    def undo(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        return [tensor - 1 for tensor in tensors]


@register("unrope")
class Unrope(Op):
    """Rows of each head from neighbouring rotary pairs to halves; only the first n rows of a head, where n is given."""

    def apply(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        return [self._order(tensor, place, back=False) for tensor in tensors]

    def undo(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        return [self._order(tensor, place, back=True) for tensor in tensors]

    def _order(self, tensor: Tensor, place: Place, back: bool) -> Tensor:
        width = place.number("d_head")
        turned = self.argument or width
        if len(tensor) % width or turned > width or turned % 2:
            raise ValueError(f"{len(tensor)} rows are no heads of {width} with {turned} rotated")
        rows = torch.arange(width)
        rows[:turned] = torch.cat([rows[:turned:2], rows[1:turned:2]])
        order = rows.argsort() if back else rows
        return _chunked(tensor, len(tensor) // width)[:, order.to(tensor.device)].flatten(0, 1)


@register("swap_halves")
class SwapHalves(Op):
    """Rows of each head, second half first: turns one way what a rotation by halves turns the other way."""

    def apply(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        heads = [_chunked(tensor, len(tensor) // place.number("d_head")) for tensor in tensors]
        return [head.roll(head.shape[1] // 2, 1).flatten(0, 1) for head in heads]

    def undo(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        return self.apply(tensors, place)


@register("stack")
class Stack(Op):
    """A tensor for each expert to one tensor for all."""

    def apply(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        return [torch.stack(tensors)]

    def undo(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        return list(chain.from_iterable(tensor.unbind() for tensor in tensors))


@register("unstack")
class Unstack(Op):
    """One tensor for all experts to a tensor for each."""

    def apply(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        return list(chain.from_iterable(tensor.unbind() for tensor in tensors))

    def undo(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        return [torch.stack(tensors)]


@register("reshape")
class Reshape(Op):
    """The library's shape to another, both given as numbers and names of dimensions, one of them -1 at most."""

    def apply(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        theirs, ours = (self._shape(shape, place) for shape in self.argument)
        for tensor in tensors:
            known = [(size, want) for size, want in zip(tensor.shape, theirs, strict=False) if want != -1]
            if tensor.dim() != len(theirs) or any(size != want for size, want in known):
                raise ValueError(f"shape {tuple(tensor.shape)} is not {theirs}")
        return [tensor.reshape(ours) for tensor in tensors]

    def undo(self, tensors: list[Tensor], place: Place) -> list[Tensor]:
        return [tensor.reshape(self._shape(self.argument[0], place)) for tensor in tensors]

    def _shape(self, shape: list[Any], place: Place) -> list[int]:
        return [size if isinstance(size, int) else place.number(size) for size in shape]


def _chunked(tensor: Tensor, chunks: int) -> Tensor:
    """The rows as (chunks, rows of a chunk, ...)."""
    return tensor.reshape(chunks, len(tensor) // chunks, *tensor.shape[1:])
