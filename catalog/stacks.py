"""A stack before its parts are filled: its blocks by name, and the block of every layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.errors import Faults, did_you_mean
from catalog.layers import DEFAULT, lay_out, share_groups
from catalog.located import LocatedMap, Mark, mark_of
from catalog.merge import as_sublayer, merge

PARTS = ("position", "norm", "residual", "visibility")
FIELDS = (*PARTS, "sublayers", "blocks", "prefix", "pattern", "suffix", "share")
BLOCK_FIELDS = ("sublayers", "norm", "residual")


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
    layers = lay_out(name, stack, list(blocks), n_layers, faults)
    unused = [block for block in blocks if block != DEFAULT and block not in layers] if layers else []
    for block in unused:
        faults.add(
            mark_of(stack.get("blocks"), block),
            f"{name}.blocks.{block}",
            "no layer uses this block; name it in pattern, prefix or suffix",
        )
    # Where no layers can be made, all blocks are kept, so that their faults are told too.
    used = {block: blocks[block] for block in dict.fromkeys(layers or blocks) if block in blocks}
    return Draft(name, stack, used, layers, share_groups(name, stack, layers, faults))


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
