"""What a whole model must keep: no inert dimension, no position that attention ignores, no absent memory."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.errors import Faults, did_you_mean
from catalog.located import mark_of
from catalog.records import Records
from catalog.scope import ALWAYS, Scope
from catalog.stacks import Draft, block_path

# The stack itself serves these hooks of a position; the others need attention that honours them.
STACK_HOOKS = ("ids", "embed")


def check_dimensions(scope: Scope, path: str, records: Records, faults: Faults) -> None:
    """Refuse dimensions that no part took; a model with a part of unknown kind is not judged."""
    if faults.incomplete:
        return
    names = {name for kinds in records.values() for record in kinds.values() for name in record.options} | set(ALWAYS)
    for name in scope.inert():
        if name in ALWAYS and not path and name != "n_layers":
            continue
        faults.add(
            mark_of(scope.dims, name),
            f"{path}{name}",
            "no part takes this dimension, it would do nothing",
            value=scope.dims[name],
            suggestion=None if name in names else did_you_mean(name, names),
        )


def check_hooks(draft: Draft, stack: Mapping[str, Any], records: Records, faults: Faults) -> None:
    """Refuse a position scheme that the attention of the stack, or of the branch that owns it, does not honour."""
    if faults.incomplete:
        return
    attentions = [branch for branch in _branches(draft, stack) if branch[1].get("sort") == "attention"]
    where = mark_of(draft.stack, "position")
    for position in stack["position"]:
        users = [(path, branch) for path, branch, _ in attentions if not _owned(branch)]
        needed = _needed(position, records)
        if needed and not users:
            way = ", ".join(needed)
            message = f"{position['kind']} works through attention ({way}), and no attention of this stack uses it"
            faults.add(where, f"{draft.name}.position", message)
        for path, branch in users:
            _check_pair(f"{draft.name}.position", where, position, path, branch, records, faults)
    for path, branch, mark in attentions:
        for position in _owned(branch):
            _check_pair(f"{path}.position", mark, position, path, branch, records, faults)


def check_memory(spec: Mapping[str, Any], model: Mapping[str, Any], faults: Faults) -> None:
    """Refuse cross-attention where there is no encoder whose output it could read."""
    for name in ("encoder", "decoder"):
        if not spec.get(name) or (name == "decoder" and model.get("encoder")):
            continue
        for path, part in branches(name, spec[name]):
            if part["sort"] == "cross_attention":
                message = "reads an encoder's output, which only a decoder beside an encoder has"
                faults.add(mark_of(model, name), path, message)


def branches(name: str, stack: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every branch of a resolved stack with its dotted path."""
    for block, fields in stack["blocks"].items():
        for row in fields["sublayers"]:
            for branch, part in row.items():
                yield f"{block_path(name, block)}.{branch}", part


def _branches(draft: Draft, stack: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    for block, fields in stack["blocks"].items():
        written = {name: mark_of(row, name) for row in draft.blocks[block]["sublayers"] for name in row}
        for row in fields["sublayers"]:
            for name, branch in row.items():
                yield f"{block_path(draft.name, block)}.{name}", branch, written.get(name)


def _owned(branch: Mapping[str, Any]) -> list[dict[str, Any]]:
    own = branch.get("position")
    return own if isinstance(own, list) else [own] if isinstance(own, dict) else []


def _needed(position: Mapping[str, Any], records: Records) -> list[str]:
    return [hook for hook in records["position"][position["kind"]].hooks if hook not in STACK_HOOKS]


def _check_pair(
    field: str,
    where: Any,
    position: Mapping[str, Any],
    path: str,
    branch: Mapping[str, Any],
    records: Records,
    faults: Faults,
) -> None:
    honoured = records["attention"][branch["kind"]].hooks
    missing = [hook for hook in _needed(position, records) if hook not in honoured]
    if missing:
        able = [kind for kind, record in sorted(records["attention"].items()) if not set(missing) - set(record.hooks)]
        way = " and ".join(missing)
        message = f"{position['kind']} acts through {way}, which attention {branch['kind']} ({path}) does not honour"
        faults.add(where, field, message, allowed=f"attention kinds {', '.join(able)}" if able else None)
