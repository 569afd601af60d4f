"""Reads a resolved spec by the dotted paths that overrides use: `d_ff`, `decoder.attention.bias`, `head.tied`."""

from collections.abc import Iterator, Mapping
from typing import Any

STACKS = ("encoder", "decoder")


class Ambiguous(ValueError):
    """A path that leads to more than one value."""

    def __init__(self, path: str, values: list[Any]) -> None:
        self.path, self.values = path, values
        super().__init__(f"{path} has no single value here, but {', '.join(map(repr, values))}")


def read_path(spec: Mapping[str, Any], path: str) -> Any:
    """The value at a path; None where nothing is there.

    Raises:
        Ambiguous: blocks or parts differ in it.
    """
    found: list[Any] = []
    for value in _values(spec, path.split(".")):
        if value not in found:
            found.append(value)
    if len(found) > 1:
        # a part that lacks an option has no say against one that has it
        found = [value for value in found if value is not None]
    if len(found) > 1:
        raise Ambiguous(path, found)
    return found[0] if found else None


def write_dimension(spec: Any, name: str, value: Any) -> Any:
    """The spec with an option of this name set in every part that has it, absent ones left absent."""
    if isinstance(spec, list):
        return [write_dimension(item, name, value) for item in spec]
    if not isinstance(spec, Mapping):
        return spec
    return {
        key: value if key == name and old is not None else write_dimension(old, name, value)
        for key, old in spec.items()
    }


def _values(spec: Mapping[str, Any], names: list[str]) -> Iterator[Any]:
    head, rest = names[0], names[1:]
    if head in STACKS:
        if spec.get(head) and rest:
            yield from _in_stack(spec[head], rest)
    elif rest or head in ("d_model", "vocab_size", "context_length", "source_vocab_size"):
        yield _walk(spec, names)
    else:
        for part in (spec["embedding"], spec["head"]):
            yield from _options(part, head)
        for stack in STACKS:
            if spec.get(stack):
                yield from _in_stack(spec[stack], names)


def _in_stack(stack: Mapping[str, Any], names: list[str]) -> Iterator[Any]:
    head, rest = names[0], names[1:]
    blocks = stack["blocks"]
    if head == "pattern":
        yield list(stack["layers"])
    elif head == "position":
        yield from _in_positions(stack["position"], rest)
    elif head == "share":
        yield len(set(stack["groups"])) if len(set(stack["groups"])) < stack["n_layers"] else None
    elif head in blocks and rest:
        yield from _in_block(blocks[head], rest)
    elif head in ("norm", "residual", "visibility", "n_layers"):
        yield _walk(stack, names)
    elif rest:
        for block in blocks.values():
            yield from _in_block(block, names)
    else:
        for block in blocks.values():
            for _, branch in _branches(block):
                yield from _options(branch, head)
        for part in (stack["position"], stack["visibility"], stack["residual"], stack["norm"]):
            yield from _options(part, head)


def _in_positions(positions: list[dict[str, Any]], names: list[str]) -> Iterator[Any]:
    if not names:
        yield positions[0] if len(positions) == 1 else positions
        return
    named = [part for part in positions if part["kind"] == names[0]]
    for part in named or positions:
        yield _walk(part, names[1:] if named else names)


def _in_block(block: Mapping[str, Any], names: list[str]) -> Iterator[Any]:
    if names[0] in ("norm", "residual"):
        yield _walk(block, names)
    for name, branch in _branches(block):
        if name == names[0]:
            yield _walk(branch, names[1:])


def _branches(block: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for sublayer in block["sublayers"]:
        yield from sublayer.items()


def _walk(value: Any, names: list[str]) -> Any:
    for name in names:
        if isinstance(value, list) and value:
            # a branch's own positions: by kind where one has that name, else the first
            named = [part for part in value if isinstance(part, Mapping) and part.get("kind") == name]
            if named:
                value = named[0]
                continue
            value = value[0]
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _options(part: Any, name: str) -> Iterator[Any]:
    """The option of this name in a part and in the parts nested in it."""
    if isinstance(part, list):
        for item in part:
            yield from _options(item, name)
    elif isinstance(part, Mapping):
        if name in part:
            yield part[name]
        for value in part.values():
            yield from _options(value, name)
