"""The short names under which a table speaks of our tensors.

| role in the model | name in a table |
|---|---|
| `embedding.table.weight`, `head.project.weight` | as they are |
| `decoder.blocks.3.branches.attention.qkv.q.weight` | `attention.q.weight`, layer 3 |
| `decoder.blocks.3.branches.ffn.experts.up.5.weight` | `ffn.experts.up.weight`, layer 3, expert 5 |
| `decoder.blocks.3.joints.0.norm.weight`, `.norms.0.`, `.before.0.` | `attention.norm.weight`: what its branch reads |
| `decoder.blocks.3.joints.0.after.0.weight` | `attention.norm_after.weight` |
| `decoder.positions.0.table.weight` | `position.table.weight`; with the kind between where there are several |
| `decoder.scheme.final_norm.weight` | `final_norm.weight` |

Where a model has two stacks, all but `embedding`, `source_embedding` and `head` begin with the stack's name.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from torch import Tensor, nn

from variants.builder import Model
from variants.initialise import named_tensors
from variants.parts import Spec
from variants.stack import Block, Stack

JOINT_WORDS = {"norms": "norm", "before": "norm", "after": "norm_after"}


@dataclass(frozen=True)
class Slot:
    """One of our tensors: its role, its short name with layer and expert, and the part that it belongs to."""

    role: str
    name: str
    layer: int | None
    expert: int | None
    tensor: Tensor
    part: Spec


def slots(model: Model) -> list[Slot]:
    """Every tensor of a model with its short name."""
    single = model.encoder is None or model.decoder is None
    found = [_slot(model, role, tensor, module, single) for role, tensor, module in named_tensors(model)]
    return _without_idle_numbers(found)


def _slot(model: Model, role: str, tensor: Tensor, module: nn.Module, single: bool) -> Slot:
    words = role.split(".")
    stack = getattr(model, words[0])
    if not isinstance(stack, Stack):
        name, number = _split_number(_without_fusion(words, module))
        return Slot(role, name, None, number, tensor, model.spec.get(words[0]) or {})
    prefix = [] if single else [words[0]]
    spec: Spec = model.spec[words[0]]
    layer, inner, part = _inside(stack, spec, words[1:], module)
    name, number = _split_number([*prefix, *inner])
    return Slot(role, name, layer, number, tensor, part)


def _inside(stack: Stack, spec: Spec, words: list[str], module: nn.Module) -> tuple[int | None, list[str], Spec]:
    """Layer, words of the short name, and the spec of the part that holds the tensor."""
    if words[0] == "positions":
        several = len(spec["position"]) > 1
        part: Spec = spec["position"][int(words[1])]
        return None, ["position", *([part["kind"]] if several else []), *words[2:]], part
    if words[0] != "blocks":
        return None, words[1:], spec["residual"]
    layer, rest = int(words[1]), words[2:]
    block = stack.blocks[layer]
    assert isinstance(block, Block)
    fields = spec["blocks"][spec["layers"][stack.groups.index(layer)]]
    branches = {name: branch for sublayer in fields["sublayers"] for name, branch in sublayer.items()}
    if rest[0] == "joints":
        return layer, _of_joint(block.names[int(rest[1])], rest[2:]), fields["residual"]
    return layer, _without_fusion(rest[1:], module), branches[rest[1]]


def _of_joint(branches: list[str], words: list[str]) -> list[str]:
    numbered = len(words) > 1 and words[1].isdigit()
    branch = branches[int(words[1])] if numbered else branches[0]
    inner = [words[0], *words[2:]] if numbered else words
    return [branch, *(JOINT_WORDS.get(word, word) for word in inner)]


def _without_fusion(words: list[str], module: nn.Module) -> list[str]:
    """Leaves out the name of a fused projection, whose slices have names of their own."""
    named = hasattr(module, "named_slices") and len(words) >= 3 and not words[-2].isdigit()
    return [*words[:-3], *words[-2:]] if named else words


def _split_number(words: list[str]) -> tuple[str, int | None]:
    numbers = [int(word) for word in words if word.isdigit()]
    return ".".join(word for word in words if not word.isdigit()), numbers[-1] if numbers else None


def _without_idle_numbers(found: list[Slot]) -> list[Slot]:
    """Leaves out the number of a list that has one item."""
    numbers: dict[str, set[int | None]] = defaultdict(set)
    for slot in found:
        numbers[slot.name].add(slot.expert)
    return [replace(slot, expert=None) if numbers[slot.name] == {0} else slot for slot in found]
