"""The layers of a stack: named blocks, and prefix, tiled pattern and suffix made into one name for each layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.errors import Faults, did_you_mean
from catalog.located import LocatedMap, Mark, mark_of
from catalog.merge import as_sublayer, merge

PARTS = ("position", "norm", "residual", "visibility")
FIELDS = (*PARTS, "sublayers", "blocks", "prefix", "pattern", "suffix", "share")
BLOCK_FIELDS = ("sublayers", "norm", "residual")
DEFAULT = "default"


@dataclass(frozen=True)
class Draft:
    """A stack before its parts are filled: `blocks` by name, one name and one group of weights for each layer."""

    name: str
    stack: Mapping[str, Any]
    blocks: dict[str, LocatedMap]
    layers: list[str]
    groups: list[int]


def draft_stack(name: str, stack: Mapping[str, Any], n_layers: Any, faults: Faults) -> Draft:
    """Expand blocks and layers of a stack, noting what cannot be."""
    blocks = _blocks(name, stack, faults)
    layers = _layers(name, stack, blocks, n_layers, faults)
    unused = [block for block in blocks if block != DEFAULT and block not in layers] if layers else []
    for block in unused:
        faults.add(
            mark_of(stack.get("blocks"), block),
            f"{name}.blocks.{block}",
            "no layer uses this block; name it in pattern, prefix or suffix",
        )
    # Where no layers can be made, all blocks are kept, so that their faults are told too.
    used = {block: blocks[block] for block in dict.fromkeys(layers or blocks) if block in blocks}
    return Draft(name, stack, used, layers, _groups(name, stack, layers, faults))


def block_path(stack: str, block: str) -> str:
    """The dotted path of a block; the default block's branches are the stack's own."""
    return stack if block == DEFAULT else f"{stack}.{block}"


def repeated_branches(sublayers: Any) -> list[tuple[str, Mark | None]]:
    """Branch names that a list of sublayers uses a second time, with their places."""
    seen: set[str] = set()
    repeated = []
    for item in sublayers if isinstance(sublayers, list) else []:
        for part in item if isinstance(item, list) else [item]:
            for name in part if isinstance(part, Mapping) else ():
                repeated += [(name, mark_of(part, name))] if name in seen else []
                seen.add(name)
    return repeated


def _blocks(name: str, stack: Mapping[str, Any], faults: Faults) -> dict[str, LocatedMap]:
    base = LocatedMap(mark=mark_of(stack))
    if stack.get("sublayers") is not None:
        base.put("sublayers", stack["sublayers"], mark_of(stack, "sublayers"))
    written = stack.get("blocks") or {}
    if not isinstance(written, Mapping):
        faults.add(mark_of(stack, "blocks"), f"{name}.blocks", "must be a map of block names", value=written)
        written = {}
    # A stack with named blocks may do without sublayers of its own.
    blocks = {DEFAULT: base} if (base or not written) and DEFAULT not in written else {}
    for block, fields in written.items():
        if fields is not None:
            blocks[block] = _block(f"{name}.{block}", base, fields, mark_of(written, block), faults)
    for block, fields in blocks.items():
        _check_sublayers(block_path(name, block), fields, mark_of(stack), faults)
    return blocks


def _block(path: str, base: LocatedMap, fields: Any, where: Mark | None, faults: Faults) -> LocatedMap:
    if not isinstance(fields, Mapping):
        faults.add(where, path, "a block must be a map", value=fields, allowed=", ".join(BLOCK_FIELDS))
        return base
    for field in fields:
        if field not in BLOCK_FIELDS:
            faults.add(
                mark_of(fields, field),
                f"{path}.{field}",
                "a block has no such field",
                allowed=", ".join(BLOCK_FIELDS),
                suggestion=did_you_mean(field, BLOCK_FIELDS),
            )
    merged = merge(base, fields)
    assert isinstance(merged, LocatedMap)
    return merged


def _check_sublayers(path: str, block: LocatedMap, where: Mark | None, faults: Faults) -> None:
    sublayers = block.get("sublayers")
    place = mark_of(block, "sublayers") or where
    if not isinstance(sublayers, list) or not sublayers:
        faults.incomplete = True
        faults.add(place, f"{path}.sublayers", "must be a list of sublayers, at least one", value=sublayers)
        block.put("sublayers", [], place)
        return
    rows = [as_sublayer(item) for item in sublayers]
    for i, row in enumerate(rows):
        if row is None:
            faults.incomplete = True
            faults.add(
                mark_of(sublayers, i) or place,
                f"{path}.sublayers",
                "a sublayer must be a map of branches",
                value=sublayers[i],
                allowed="e.g. `attention: {kind: softmax}`",
            )
    for branch, mark in repeated_branches(sublayers):
        faults.add(
            mark,
            f"{path}.{branch}",
            "the block has this branch already; give one another name and `sort:`",
            suggestion=f"{branch}_2",
        )
    alive = [
        LocatedMap({name: part for name, part in row.items() if part is not None}, row.mark) for row in rows if row
    ]
    for before, after in zip((row for row in rows if row), alive, strict=True):
        after.marks = dict(before.marks)
    block.put("sublayers", [row for row in alive if row], place)


def _layers(name: str, stack: Mapping[str, Any], blocks: Mapping[str, Any], n_layers: Any, faults: Faults) -> list[str]:
    known = list(blocks)
    parts = {field: _names(name, stack, field, known, faults) for field in ("prefix", "pattern", "suffix")}
    if not isinstance(n_layers, int) or isinstance(n_layers, bool) or n_layers < 1:
        return []
    ends = len(parts["prefix"]) + len(parts["suffix"])
    pattern = parts["pattern"] or ([DEFAULT] if DEFAULT in blocks else [])
    middle = n_layers - ends
    where = mark_of(stack, "pattern" if parts["pattern"] else "prefix" if parts["prefix"] else "suffix")
    if middle < 0:
        faults.add(where, f"{name}.prefix", f"prefix and suffix name {ends} layers, more than n_layers = {n_layers}")
        return []
    if middle and not pattern:
        faults.add(
            mark_of(stack, "blocks"),
            f"{name}.pattern",
            "must say how the blocks follow each other",
            allowed=", ".join(known),
        )
        return []
    if middle % len(pattern or [""]):
        rest = f"n_layers = {n_layers} less {ends} in prefix and suffix" if ends else f"n_layers = {n_layers}"
        allowed = "name the layers left over in prefix or suffix"
        faults.add(
            where, f"{name}.pattern", f"a pattern of {len(pattern)} blocks does not tile {rest}", allowed=allowed
        )
        return []
    return [*parts["prefix"], *(pattern * (middle // len(pattern)) if pattern else []), *parts["suffix"]]


def _names(name: str, stack: Mapping[str, Any], field: str, known: list[str], faults: Faults) -> list[str]:
    names = stack.get(field)
    if names is None:
        return []
    if not isinstance(names, list):
        faults.add(
            mark_of(stack, field),
            f"{name}.{field}",
            "must be a list of block names",
            value=names,
            allowed=", ".join(known),
        )
        return []
    for i, block in enumerate(names):
        if block not in known:
            faults.add(
                mark_of(names, i) or mark_of(stack, field),
                f"{name}.{field}",
                "unknown block",
                value=block,
                allowed=", ".join(known),
                suggestion=did_you_mean(block, known),
            )
    return [str(block) for block in names]


def _groups(name: str, stack: Mapping[str, Any], layers: list[str], faults: Faults) -> list[int]:
    share = stack.get("share")
    own = list(range(len(layers)))
    if share is None or not layers:
        return own
    where, n_layers = mark_of(stack, "share"), len(layers)
    groups = share.get("groups") if isinstance(share, Mapping) and list(share) == ["groups"] else None
    allowed = f"{{groups: N}} with N from 1 to {n_layers}, or {{groups: [one number for each of {n_layers} layers]}}"
    if isinstance(groups, int) and not isinstance(groups, bool) and 1 <= groups <= n_layers:
        numbers = [layer * groups // n_layers for layer in own]
    elif (
        isinstance(groups, list)
        and len(groups) == n_layers
        and all(type(group) is int and group >= 0 for group in groups)
    ):
        order = {group: i for i, group in enumerate(dict.fromkeys(groups))}
        numbers = [order[group] for group in groups]
    else:
        faults.add(
            where, f"{name}.share", "must say how many groups of layers share weights", value=share, allowed=allowed
        )
        return own
    _check_groups(name, layers, numbers, where, faults)
    return numbers


def _check_groups(name: str, layers: list[str], groups: list[int], where: Mark | None, faults: Faults) -> None:
    first: dict[int, str] = {}
    for block, group in zip(layers, groups, strict=True):
        if first.setdefault(group, block) != block:
            message = f"layers of one group must be of one block, but group {group} holds {first[group]} and {block}"
            faults.add(where, f"{name}.share", message)
            return
