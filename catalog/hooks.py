"""Which position scheme an attention kind can honour: the hooks that one provides and the other calls."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.errors import Faults
from catalog.located import Mark, mark_of
from catalog.records import Records
from catalog.stacks import Draft, block_path

# The stack itself serves these hooks of its positions; the others need attention that honours them.
STACK_HOOKS = ("ids", "embed", "step")


@dataclass(frozen=True)
class _Pair:
    """A position and an attention that has to honour `needed` of its hooks."""

    position: Mapping[str, Any]
    needed: list[str]
    attention: "_Attention"
    path: str
    mark: Mark | None


@dataclass(frozen=True)
class _Attention:
    path: str
    part: Mapping[str, Any]
    mark: Mark | None

    @property
    def own(self) -> list[dict[str, Any]]:
        """The branch's own positions; without any, those of the stack serve it."""
        own = self.part.get("position") or []
        return own if isinstance(own, list) else [own]


def check_hooks(draft: Draft, stack: Mapping[str, Any], records: Records, faults: Faults) -> None:
    """Refuse a position scheme that the attention of the stack, or of the branch that owns it, does not honour."""
    if faults.incomplete:
        return
    attentions = _attentions(draft, stack)
    users = [attention for attention in attentions if not attention.own]
    path, where = f"{draft.name}.position", mark_of(draft.stack, "position")
    for position in stack["position"]:
        needed = [hook for hook in records["position"][position["kind"]].hooks if hook not in STACK_HOOKS]
        if needed and not users:
            way = " and ".join(needed)
            message = f"{position['kind']} acts through attention ({way}), and no attention of this stack would use it"
            faults.add(where, path, message)
        for attention in users:
            _check(_Pair(position, needed, attention, path, where), records, faults)
    for pair in _owned(attentions, records):
        _check(pair, records, faults)


def _owned(attentions: list[_Attention], records: Records) -> Iterator[_Pair]:
    for attention in attentions:
        for position in attention.own:
            needed = [hook for hook in records["position"][position["kind"]].hooks if hook != "ids"]
            yield _Pair(position, needed, attention, f"{attention.path}.position", attention.mark)


def _check(pair: _Pair, records: Records, faults: Faults) -> None:
    kind = pair.attention.part["kind"]
    missing = [hook for hook in pair.needed if hook not in records["attention"][kind].hooks]
    if not missing:
        return
    able = [name for name, record in sorted(records["attention"].items()) if set(missing) <= set(record.hooks)]
    scheme, way = pair.position["kind"], " and ".join(missing)
    message = f"{scheme} acts through {way}, which attention {kind} ({pair.attention.path}) does not honour"
    faults.add(pair.mark, pair.path, message, allowed=f"attention kinds {', '.join(able)}" if able else None)


def _attentions(draft: Draft, stack: Mapping[str, Any]) -> list[_Attention]:
    return [
        _Attention(f"{block_path(draft.name, block)}.{name}", part, _place(draft, block, name))
        for block, fields in stack["blocks"].items()
        for row in fields["sublayers"]
        for name, part in row.items()
        if part["sort"] == "attention"
    ]


def _place(draft: Draft, block: str, branch: str) -> Mark | None:
    row = next(row for row in draft.blocks[block]["sublayers"] if branch in row)
    return mark_of(row[branch], "position") or mark_of(row, branch)
