"""Walks over a resolved spec: every branch and every part, nested ones too, with its dotted path and sort."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.records import Records
from catalog.stacks import block_path
from catalog.types import parse

Part = dict[str, Any]
STACK_PARTS = ("norm", "residual", "visibility")


def branches(name: str, stack: Mapping[str, Any]) -> Iterator[tuple[str, Part]]:
    """Every branch of a resolved stack with its dotted path."""
    for block, fields in stack["blocks"].items():
        for row in fields["sublayers"]:
            for branch, part in row.items():
                yield f"{block_path(name, block)}.{branch}", part


def parts(spec: Mapping[str, Any], records: Records) -> Iterator[tuple[str, str, Part]]:
    """Every part as (path, sort, part), an owner before what is nested in it."""
    for path, sort, part in _outer(spec):
        yield from _with_nested(path, sort, part, records)


def _outer(spec: Mapping[str, Any]) -> Iterator[tuple[str, str, Part]]:
    yield "embedding", "embedding", spec["embedding"]
    for name in ("encoder", "decoder"):
        if spec.get(name):
            yield from _of_stack(name, spec[name])
    yield "head", "head", spec["head"]
    yield "init", "init", spec["init"]


def _of_stack(name: str, stack: Mapping[str, Any]) -> Iterator[tuple[str, str, Part]]:
    for i, position in enumerate(stack["position"]):
        yield f"{name}.position" + (f".{position['kind']}" if i else ""), "position", position
    for field in STACK_PARTS:
        if stack[field]:
            yield f"{name}.{field}", field, stack[field]
    for block, fields in stack["blocks"].items():
        for field in ("norm", "residual"):
            if fields[field] and fields[field] != stack[field]:
                yield f"{block_path(name, block)}.{field}", field, fields[field]
    for path, part in branches(name, stack):
        yield path, part["sort"], part


def _with_nested(path: str, sort: str, part: Part, records: Records) -> Iterator[tuple[str, str, Part]]:
    yield path, sort, part
    for name, option in records[sort][part["kind"]].options.items():
        kind, value = parse(option.type), part.get(name)
        if value is None or not kind.form.startswith("part"):
            continue
        for inner in value if isinstance(value, list) else [value]:
            yield from _with_nested(f"{path}.{name}", kind.argument, inner, records)
