"""No option is inert: every option of every part changes parameters, outputs, gradients' graph or first values."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from catalog.records import PartRecord
from catalog.schema import fill
from catalog.types import parse
from variants.builder import Model, build_model
from variants.certificate.subject import Subject
from variants.parts import Spec
from variants.registry import ON_CHANGE, SORTS, records

Path = tuple[Any, ...]
_known: dict[str, list[str]] = {}  # verdicts of parts met before in the same surroundings


def check_options(subject: Subject) -> Iterator[str]:
    """Changes one option at a time and compares with the model as it was."""
    base: list[Probe] = []
    for path, sort, part in parts(subject.spec):
        key = json.dumps([sort, part, _surroundings(subject.spec, path)], sort_keys=True)
        if key not in _known:
            base = base or [probe(subject.spec)]
            _known[key] = list(_part(subject.spec, path, sort, part, base[0]))
        yield from (f"{'.'.join(map(str, path))}: {fault}" for fault in _known[key])


def forget() -> None:
    """Drops what is kept of the registry, after a kind came or went."""
    _records.cache_clear()
    _known.clear()


ON_CHANGE.append(forget)


def parts(spec: Spec) -> Iterator[tuple[Path, str, Spec]]:
    """Every part of a resolved spec with its path and sort; a block's copy of its stack's own part is left out."""

    def walk(node: Any, path: Path, sort: str | None) -> Iterator[tuple[Path, str, Spec]]:
        if isinstance(node, list):
            for i, item in enumerate(node):
                yield from walk(item, (*path, i), sort)
        elif isinstance(node, dict):
            sort = node.get("sort", sort)
            if "kind" in node and sort:
                yield path, sort, node
            for name, value in node.items():
                if not (len(path) == 3 and path[1] == "blocks" and value == spec[path[0]].get(name)):
                    yield from walk(value, (*path, name), _sort(name, sort, node))

    yield from walk(spec, (), None)


def _sort(name: str, outer: str | None, node: Spec) -> str | None:
    if "kind" not in node:
        return name if name in SORTS else None
    kind = parse(_records()[outer or ""][node["kind"]].options[name].type) if name not in ("kind", "sort") else None
    return kind.argument if kind is not None and kind.form in ("part", "parts") else None


@lru_cache(maxsize=1)
def _records() -> dict[str, dict[str, PartRecord]]:
    return records()


def _surroundings(spec: Spec, path: Path) -> Any:
    """What an option's effect may hang on beside its own part: the stack's schemes, the head and the embedding."""
    stack = spec.get(path[0]) if path and path[0] in ("encoder", "decoder") else spec["decoder"] or spec["encoder"]
    assert stack is not None
    return [path[0], stack["position"], stack["visibility"], stack["residual"], spec["head"], spec["embedding"]]


def _part(spec: Spec, path: Path, sort: str, part: Spec, base: Probe) -> Iterator[str]:
    record = _records()[sort][part["kind"]]
    silent = SORTS[sort].kinds[part["kind"]].cls.silent
    for name, option in record.options.items():
        outcomes = [_outcome(replaced(spec, path, part, name, v), base) for v in alternatives(option.type, part[name])]
        tried = [outcome for outcome in outcomes if outcome != "refused"]
        if "same" in tried and name not in silent:
            yield f"{part['kind']}.{name} = {part[name]!r} is inert: another value changes nothing"
        if tried and "same" not in tried and name in silent:
            yield f"{part['kind']}.{name} is declared silent ({silent[name]}) but has an effect"


def alternatives(type_name: str, value: Any) -> list[Any]:
    """Other values of an option's type: all other choices, and a nearby number or part."""
    kind = parse(type_name)
    if kind.form == "choice":
        return [choice for choice in kind.choices if choice != value]
    if kind.form in ("part", "parts"):
        if value is not None:
            return []  # the nested part is checked on its own
        part = _smallest(kind.argument)
        return [[part] if kind.form == "parts" else part]
    return _numbers(kind.argument, value)


def _numbers(name: str, value: Any) -> list[Any]:
    if name == "Flag":
        return [not value]
    if name in ("Counts", "Wholes"):
        return [[item + 1 for item in value or [1]]]
    if name == "Numbers":
        return [[item * 1.5 + 0.1 for item in value or [1.0]]]
    if value is None:
        # small enough for a limit to bite in a tiny model
        return [2] if name in ("Count", "Whole", "Integer") else [0.05 if name == "Positive" else 0.5]
    if name in ("Count", "Whole", "Integer"):
        return [value * 2 if value else 2]
    if name == "Probability":
        return [value / 2 if value else 0.3]
    return [value * 1.5 if value else 0.5]


# parts that no entry is likely to have already, so that putting one in must be seen
_UNUSUAL: dict[str, Spec] = {
    "position": {"kind": "rope", "theta": 77.0},
    "visibility": {"kind": "window", "window": 2},
    "norm": {"kind": "rms_norm", "eps": 0.01},
}


def _smallest(sort: str) -> Spec:
    """A part of this sort: an unusual one, or the first kind with its required options at their tiny values."""
    kinds = _records()[sort]
    kind = next(iter(kinds))
    needed = {name: kinds[kind].tiny[name] for name, option in kinds[kind].options.items() if option.required}
    return fill(sort, _UNUSUAL.get(sort, {"kind": kind, **needed}), {}, _records())


def replaced(spec: Spec, path: Path, part: Spec, name: str, value: Any) -> Spec:
    """The spec with one option changed, in the part and in the copies of it that blocks hold."""
    changed = {**part, name: value}
    new = copy.deepcopy(spec)
    holder: Any = new
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = changed
    if len(path) == 2 and path[0] in ("encoder", "decoder") and path[1] in ("norm", "residual"):
        for block in new[path[0]]["blocks"].values():
            if block[path[1]] == part:
                block[path[1]] = changed
    return new


Probe = dict[str, Any]


def _outcome(spec: Spec, base: Probe) -> str:
    try:
        if shapes(build_model(spec, device="meta")) != base["shapes"]:
            return "different"
        other = probe(spec)
    except (ValueError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "size" not in str(error) and "shape" not in str(error):
            raise
        return "refused"
    return "same" if _equal(base, other) else "different"


def shapes(model: Model) -> dict[str, tuple[int, ...]]:
    """The parameters' names and shapes."""
    return {name: tuple(p.shape) for name, p in model.named_parameters()}


def probe(spec: Spec) -> Probe:
    """What a model can be told apart by: shapes, first values, outputs with gaps in the padding, and in training.

    Where calls may mark global tokens, one does not.
    """
    model = build_model(spec)
    seen: Probe = {"shapes": shapes(model)}
    seen["first"] = torch.cat([p.detach().flatten().double() for p in model.parameters()])
    subject = Subject.around(spec, model)
    inputs = subject.inputs(batch=2)
    slots = subject.model.embedding.length(inputs["tokens"])
    mask = torch.ones(2, slots, dtype=torch.bool, device=subject.device)
    mask[0, :2] = mask[1, 4:6] = False
    inputs["padding_mask"] = mask
    if "source" in inputs:
        inputs["source_padding_mask"] = torch.ones_like(inputs["source"], dtype=torch.bool)
        inputs["source_padding_mask"][0, 2:4] = False
    with torch.no_grad():
        seen["evaluated"] = _observe(subject, inputs)
        if "global_mask" in inputs:
            seen["evaluated"] += _observe(subject, {n: x for n, x in inputs.items() if n != "global_mask"})
        subject.model.train()
        torch.manual_seed(0)
        seen["trained"] = _observe(subject, inputs)
    return seen


def _observe(subject: Subject, inputs: dict[str, Tensor]) -> list[Tensor]:
    output = subject.run(inputs)
    return [output.logits, *(value for _, value in sorted(output.aux.items()))]


def _equal(a: Probe, b: Probe) -> bool:
    if a["shapes"] != b["shapes"] or not torch.equal(a["first"], b["first"]):
        return False
    pairs = zip(a["evaluated"] + a["trained"], b["evaluated"] + b["trained"], strict=False)
    same_length = len(a["evaluated"]) == len(b["evaluated"])
    return same_length and all(x.shape == y.shape and torch.equal(x, y) for x, y in pairs)
