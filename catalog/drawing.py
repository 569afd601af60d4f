"""Draws a resolved spec as text: what the tokens pass through, block by block."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.comparing import layer_text

_QUIET: tuple[object, ...] = (None, False, 0, 0.0, [], "none")


def draw(spec: Mapping[str, Any]) -> str:
    """The model from its tokens up to its head, one line for each part."""
    return "\n".join(_lines(spec))


def part_text(part: Mapping[str, Any] | None, *, without: tuple[str, ...] = ()) -> str:
    """A part as `kind (option value, ...)`; options that are off are left out."""
    if part is None:
        return "none"
    options = [_option(name, value) for name, value in part.items() if name not in ("kind", "sort", *without)]
    told = ", ".join(option for option in options if option)
    return f"{part['kind']} ({told})" if told else str(part["kind"])


def _option(name: str, value: Any) -> str:
    if value is True:
        return name
    if any(value is quiet or (type(value) is type(quiet) and value == quiet) for quiet in _QUIET):
        return ""
    if isinstance(value, Mapping):
        return f"{name} {part_text(value)}"
    if isinstance(value, list):
        inner = [part_text(item) if isinstance(item, Mapping) else str(item) for item in value]
        return f"{name} [{', '.join(inner)}]"
    return f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"


def _lines(spec: Mapping[str, Any]) -> Iterator[str]:
    both = bool(spec.get("encoder") and spec.get("decoder"))
    for name in ("encoder", "decoder"):
        if spec.get(name):
            vocabulary = spec.get("source_vocab_size") if both and name == "encoder" else None
            yield from _stack_lines(name, spec, vocabulary or spec.get("vocab_size"))
            if both and name == "encoder":
                yield "  └──▶ memory, read by the decoder"
                yield ""
    yield f"  head       {part_text(spec['head'])}"
    yield f"  init       {part_text(spec['init'])}"


def _stack_lines(name: str, spec: Mapping[str, Any], vocabulary: int | None) -> Iterator[str]:
    stack = spec[name]
    size = f"vocabulary {vocabulary:,}, " if vocabulary else ""
    length = f"length {spec['context_length']:,}, " if spec.get("context_length") else ""
    yield f"{name}: {size}{length}width {spec['d_model']:,}"
    yield f"  embedding  {part_text(spec['embedding'])}"
    for position in stack["position"]:
        yield f"  position   {part_text(position)}"
    yield f"  sees       {part_text(stack['visibility'])}"
    yield f"  norm       {part_text(stack['norm'])}"
    yield f"  residual   {part_text(stack['residual'])}"
    yield f"  layers     {layer_text(stack['layers'])}{_sharing(stack)}"
    for block, fields in stack["blocks"].items():
        yield from _block_lines(block, fields, stack)


def _block_lines(block: str, fields: Mapping[str, Any], stack: Mapping[str, Any]) -> Iterator[str]:
    count = stack["layers"].count(block)
    label = f"{count} x {block} "
    yield f"  ┌─ {label}{'─' * max(3, 40 - len(label))}"
    for field in ("norm", "residual"):
        if fields[field] != stack[field]:
            yield f"  │ {field}: {part_text(fields[field])}"
    for row in fields["sublayers"]:
        for i, (name, part) in enumerate(row.items()):
            joint = "∥" if i else "⊕"
            sort = "" if part["sort"] == name else f" [{part['sort']}]"
            yield f"  │ {joint} {name}{sort}: {part_text(part)}"
    yield f"  └{'─' * 42}"


def _sharing(stack: Mapping[str, Any]) -> str:
    groups = len(set(stack["groups"]))
    return "" if groups == len(stack["groups"]) else f", {groups} {'set' if groups == 1 else 'sets'} of weights shared"
