"""Weights of one model as the start of another: what is the same in both is copied, the rest is named."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from harness.tasks.task import Side
from harness.train.weights import tensors_of

TOKEN_TABLES = re.compile(r"(source_)?embedding\.table\.weight|head\.project\.weight|head\.bias")
POSITION_TABLES = re.compile(r"\w+\.positions\.\d+\.table\.weight")


@torch.no_grad()
def transfer(model: nn.Module, given: Mapping[str, Tensor], old: Side, new: Side) -> list[str]:
    """Copies tensors of a model of `old` into one of `new`; returns the names of those that start fresh, or partly so.

    A row of a token table is copied to the row of the same token, a row of a position table to its own place. Other
    tensors are copied when name and shape are the same; those of a head also need a head of the same kind.
    """
    fresh = []
    for name, tensor in tensors_of(model).items():
        if not _copied(name, tensor, given.get(name), old, new):
            fresh.append(name)
    return fresh


def fresh_names(old: Side, new: Side) -> list[str]:
    """The names that `transfer` would return, without computing anything."""
    from variants import build_model

    return transfer(build_model(new.spec, device="meta"), tensors_of(build_model(old.spec, device="meta")), old, new)


def _copied(name: str, tensor: Tensor, given: Tensor | None, old: Side, new: Side) -> bool:
    """Whether all of the tensor now comes from `given`."""
    if given is None or given.shape[1:] != tensor.shape[1:]:
        return False
    if name.startswith("head.") and old.spec["head"]["kind"] != new.spec["head"]["kind"]:
        return False
    if TOKEN_TABLES.fullmatch(name):
        return _copy_rows(tensor, given, *_same_tokens(old, new))
    if POSITION_TABLES.fullmatch(name):
        rows = min(len(given), len(tensor))
        return _copy_rows(tensor, given, range(rows), range(rows))
    if given.shape != tensor.shape:
        return False
    tensor.copy_(given)
    return True


def _same_tokens(old: Side, new: Side) -> tuple[range, range]:
    """Rows of the same tokens in both tables; none where ids mean different things."""
    if old.ids is None or new.ids is None or old.ids.meaning != new.ids.meaning:
        return range(0), range(0)
    # special tokens stand before the first id, and are the same where as many stand there
    special = old.ids.first if old.ids.first == new.ids.first else 0
    count = special + old.ids.count
    return (
        range(old.ids.first - special, old.ids.first - special + count),
        range(new.ids.first - special, new.ids.first - special + count),
    )


def _copy_rows(tensor: Tensor, given: Tensor, source: range, target: range) -> bool:
    tensor[target.start : target.stop] = given[source.start : source.stop].to(tensor)
    return len(target) == len(tensor)
