"""Dotted overrides, such as `decoder.attention.n_heads=8`: they address names, never places in a list."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from catalog.errors import Faults, did_you_mean, refusal
from catalog.located import LocatedList, LocatedMap, Mark, mark_of
from catalog.merge import as_sublayer, merge
from catalog.stacks import FIELDS
from catalog.yaml_loader import load_text

_STACKS = ("encoder", "decoder")
_PARTS = ("embedding", "head", "init")


def apply_overrides(model: Mapping[str, Any], overrides: Mapping[str, Any]) -> Mapping[str, Any]:
    """The model with every override merged over it; one that sets a `kind` goes first, since it drops older options.

    Raises:
        CatalogError: a path leads nowhere.
    """
    faults = Faults()
    for path in sorted(overrides, key=lambda path: not path.endswith(".kind")):
        mark = Mark(f"override {path}={overrides[path]}", 0)
        for fragment in _fragments(path.split("."), overrides[path], model, mark, faults):
            model = merge(model, fragment)
    faults.raise_any()
    return model


def parse_overrides(texts: Iterable[str]) -> dict[str, Any]:
    """Overrides as they are typed, `path=value`; a value is read as YAML: `8`, `true`, `null`, `rope`, `[a, b]`.

    Raises:
        CatalogError: a text has no `=`, or its value is no YAML.
    """
    found = {}
    for text in texts:
        path, equals, value = text.partition("=")
        if not equals or not all(path.strip().split(".")):
            message = "is no override"
            raise refusal(None, "", message, value=text, allowed="path=value, such as decoder.attention.n_heads=8")
        found[path.strip()] = load_text(value, f"override {text}")
    return found


def _fragments(names: list[str], value: Any, model: Mapping[str, Any], mark: Mark, faults: Faults) -> Iterator[Any]:
    head, rest = names[0], names[1:]
    if head in _STACKS and rest and isinstance(model.get(head), Mapping):
        for inner in _stack_fragments(rest, value, model[head], mark, faults, head):
            yield _nest([head], inner, mark)
    elif head in _PARTS or (not rest and head not in _STACKS):
        yield _nest(names, value, mark)
    else:
        known = [*_PARTS, *(name for name in _STACKS if model.get(name)), *_dimensions(model)]
        faults.add(
            mark, "", "no such path in this model", allowed=", ".join(known), suggestion=did_you_mean(head, known)
        )


def _stack_fragments(
    names: list[str], value: Any, stack: Mapping[str, Any], mark: Mark, faults: Faults, path: str
) -> Iterator[Any]:
    head, rest = names[0], names[1:]
    blocks = {name: block for name, block in (stack.get("blocks") or {}).items() if isinstance(block, Mapping)}
    homes = {name: _branch_names(block) for name, block in blocks.items()}
    own = _branch_names(stack)
    if head == "position" and len(rest) > 1 and isinstance(stack.get("position"), list):
        yield from _position_fragments(rest, value, stack["position"], mark, faults, path)
    elif head == "blocks" and len(rest) > 1:
        yield from _stack_fragments(rest, value, stack, mark, faults, path)
    elif head in FIELDS or (not rest and head not in own):
        yield _nest(names, value, mark)
    elif head in blocks and rest:
        yield from _block_fragments(head, rest, value, {*own, *homes[head]}, mark, faults, path)
    elif head in own or any(head in home for home in homes.values()):
        if head in own:
            yield _branch(names, value, mark)
        for block in (name for name, home in homes.items() if head in home):
            yield _nest(["blocks", block], _branch(names, value, mark), mark)
    else:
        known = [*dict.fromkeys([*own, *(name for home in homes.values() for name in home)]), *blocks, *FIELDS[:4]]
        faults.add(mark, "", f"no such path in {path}", allowed=", ".join(known), suggestion=did_you_mean(head, known))


def _block_fragments(
    block: str, rest: list[str], value: Any, branches: set[str], mark: Mark, faults: Faults, path: str
) -> Iterator[Any]:
    known = [*sorted(branches), "norm", "residual"]
    if rest[0] in branches:
        yield _nest(["blocks", block], _branch(rest, value, mark), mark)
    elif rest[0] in ("norm", "residual"):
        yield _nest(["blocks", block, *rest], value, mark)
    else:
        place = f"no such path in {path}.{block}"
        faults.add(mark, "", place, allowed=", ".join(known), suggestion=did_you_mean(rest[0], known))


def _position_fragments(
    rest: list[str], value: Any, positions: list[Any], mark: Mark, faults: Faults, path: str
) -> Iterator[Any]:
    kinds = [part.get("kind") if isinstance(part, Mapping) else part for part in positions]
    if rest[0] not in kinds:
        message, known = f"{path} has no such position", [str(kind) for kind in kinds]
        faults.add(mark, "", message, allowed=", ".join(known), suggestion=did_you_mean(rest[0], known))
        return
    parts = LocatedList(list(positions), mark_of(positions))
    for i, kind in enumerate(kinds):
        if kind == rest[0]:
            parts[i] = merge(parts[i], _nest(rest[1:], value, mark))
    yield _nest(["position"], parts, mark)


def _branch(names: list[str], value: Any, mark: Mark) -> LocatedMap:
    holder = LocatedMap(mark=mark)
    holder.put("sublayers", LocatedList([_nest(names, value, mark)], mark), mark)
    return holder


def _nest(names: list[str], value: Any, mark: Mark) -> Any:
    for name in reversed(names):
        holder = LocatedMap(mark=mark)
        holder.put(name, value, mark)
        value = holder
    return value


def _branch_names(holder: Mapping[str, Any]) -> list[str]:
    rows = holder.get("sublayers")
    found = [as_sublayer(row) for row in rows] if isinstance(rows, list) else []
    return [name for row in found if row for name in row]


def _dimensions(model: Mapping[str, Any]) -> list[str]:
    return [name for name, value in model.items() if isinstance(value, int | float | str)]
