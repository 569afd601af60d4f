"""Draws a resolved spec as text: what the tokens pass through, block by block."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.comparing import layer_text
from catalog.records import Option, Records
from catalog.types import parse


def draw(spec: Mapping[str, Any], records: Records) -> str:
    """The model from its tokens up to its head, one line for each part; options at their default are left out."""
    return "\n".join(_Drawing(spec, records).lines())


class _Drawing:
    def __init__(self, spec: Mapping[str, Any], records: Records) -> None:
        self.spec = spec
        self.records = records

    def lines(self) -> Iterator[str]:
        spec = self.spec
        both = bool(spec.get("encoder") and spec.get("decoder"))
        for name in ("encoder", "decoder"):
            if spec.get(name):
                source = spec.get("source_vocab_size") if both and name == "encoder" else None
                yield from self._stack(name, spec[name], source or spec.get("vocab_size"))
                if both and name == "encoder":
                    yield from ("  └──▶ memory, read by the decoder", "")
        yield f"  head       {self._part('head', spec['head'])}"
        yield f"  init       {self._part('init', spec['init'])}"

    def _stack(self, name: str, stack: Mapping[str, Any], vocabulary: int | None) -> Iterator[str]:
        spec = self.spec
        size = f"vocabulary {vocabulary:,}, " if vocabulary else ""
        yield f"{name}: {size}length {spec['context_length']:,}, width {spec['d_model']:,}"
        yield f"  embedding  {self._part('embedding', spec['embedding'])}"
        for position in stack["position"]:
            yield f"  position   {self._part('position', position)}"
        yield f"  sees       {self._part('visibility', stack['visibility'])}"
        yield f"  norm       {self._part('norm', stack['norm'])}"
        yield f"  residual   {self._part('residual', stack['residual'])}"
        yield f"  layers     {layer_text(stack['layers'])}{_sharing(stack)}"
        for block, fields in stack["blocks"].items():
            yield from self._block(block, fields, stack)

    def _block(self, block: str, fields: Mapping[str, Any], stack: Mapping[str, Any]) -> Iterator[str]:
        label = f"{stack['layers'].count(block)} x {block} "
        yield f"  ┌─ {label}{'─' * max(3, 40 - len(label))}"
        for field in ("norm", "residual"):
            if fields[field] != stack[field]:
                yield f"  │ {field}: {self._part(field, fields[field])}"
        for row in fields["sublayers"]:
            for i, (name, part) in enumerate(row.items()):
                sort = "" if part["sort"] == name else f" [{part['sort']}]"
                yield f"  │ {'∥' if i else '⊕'} {name}{sort}: {self._part(part['sort'], part)}"
        yield f"  └{'─' * 42}"

    def _part(self, sort: str, part: Mapping[str, Any] | None) -> str:
        if part is None:
            return "none"
        told = [
            self._option(name, option, part[name])
            for name, option in self.records[sort][part["kind"]].options.items()
            if option.required or part[name] != option.default
        ]
        inner = ", ".join(text for text in told if text)
        return f"{part['kind']} ({inner})" if inner else str(part["kind"])

    def _option(self, name: str, option: Option, value: Any) -> str:
        kind = parse(option.type)
        if isinstance(value, bool):
            return name if value else f"no {name}"
        if value is None or value == []:
            return f"no {name}"
        if kind.form == "part":
            return f"{name} {self._part(kind.argument, value)}"
        if kind.form == "parts":
            return f"{name} {' + '.join(self._part(kind.argument, item) for item in value)}"
        return f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"


def _sharing(stack: Mapping[str, Any]) -> str:
    groups = len(set(stack["groups"]))
    return "" if groups == len(stack["groups"]) else f", {groups} {'set' if groups == 1 else 'sets'} of weights shared"
