"""Which of the library's tensors become which of ours: the rows of a table, matched against the names of both sides."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from catalog.reference import Reference, Rule
from variants.builder import Model
from variants.parts import Spec
from variants.weights.names import Slot, slots
from variants.weights.ops import Place, make_ops

SUFFIXES = (".weight", ".bias")
FALLBACKS = {"n_kv_heads": "n_heads"}
ByLayer = dict[int | None, dict[int | None, str]]


@dataclass(frozen=True)
class Move:
    """One application of a rule: these tensors of the library's become these of ours."""

    rule: Rule
    sources: tuple[str, ...]
    targets: tuple[Slot, ...]
    place: Place

    def forward(self, tensors: list[Tensor]) -> list[Tensor]:
        for op in make_ops(self.rule.ops):
            tensors = op.apply(tensors, self.place)
        return tensors

    def moved(self, tensors: list[Tensor]) -> list[Tensor]:
        """As `forward`, without the ops that change numbers."""
        for op in make_ops(self.rule.ops):
            tensors = op.apply(tensors, self.place) if op.moves_only else tensors
        return tensors

    def backward(self, tensors: list[Tensor]) -> list[Tensor]:
        for op in reversed(make_ops(self.rule.ops)):
            tensors = op.undo(tensors, self.place)
        return tensors


@dataclass
class Matching:
    """The moves of a table, and what stands in their way."""

    moves: list[Move] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def match(model: Model, names: Iterable[str], reference: Reference) -> Matching:
    """Applies every rule of a table to the library's tensor names."""
    found, known, ours = Matching(), list(names), _by_name(model)
    for rule in reference.rules:
        for suffix in ("",) if rule.exact else SUFFIXES:
            _match_rule(rule, suffix, known, ours, model.spec, reference, found)
    return found


def invert(model: Model, reference: Reference, wanted: Collection[str]) -> Matching:
    """Applies every rule backwards; of its patterns the first counts that gives a name which the library wants."""
    found, ours = Matching(), _by_name(model)
    for rule in reference.rules:
        for suffix in ("",) if rule.exact else SUFFIXES:
            targets = _targets(rule, suffix, ours)
            if not targets:
                continue
            for layer, slots_ in _instances(rule, targets, found):
                sources = _named(rule, suffix, layer, len(slots_), wanted)
                found.moves.append(Move(rule, sources, tuple(slots_), _place(rule, slots_, model.spec)))
    return found


def pattern(text: str) -> re.Pattern[str]:
    """`*` matches a layer's number, `@` an expert's."""
    escaped = re.escape(text).replace(r"\*", r"(?P<layer>\d+)").replace("@", r"(?P<expert>\d+)")
    return re.compile(escaped)


def matches_words(text: str, name: str) -> bool:
    """Whether a pattern is some consecutive dotted words of a name."""
    return re.search(rf"(^|\.){pattern(text).pattern}($|\.)", name) is not None


def _by_name(model: Model) -> dict[str, list[Slot]]:
    ours: dict[str, list[Slot]] = defaultdict(list)
    for slot in slots(model):
        ours[slot.name].append(slot)
    return ours


def _match_rule(
    rule: Rule,
    suffix: str,
    known: list[str],
    ours: Mapping[str, list[Slot]],
    spec: Spec,
    reference: Reference,
    found: Matching,
) -> None:
    sources = next((s for s in (_sources(text + suffix, known) for text in rule.sources) if s), {})
    targets = _targets(rule, suffix, ours)
    if not targets:
        return  # what the sources are for is told by who counts them
    if not sources:
        return
    for layer, slots_ in _instances(rule, targets, found):
        names = sources.get(layer) or sources.get(None, {})
        if names:
            order = tuple(names[expert] for expert in sorted(names, key=lambda e: -1 if e is None else e))
            found.moves.append(Move(rule, order, tuple(slots_), _place(rule, slots_, spec)))


def _sources(text: str, known: list[str]) -> ByLayer:
    regex = pattern(text)
    found: ByLayer = defaultdict(dict)
    for name in known:
        hit = regex.fullmatch(name)
        if hit:
            numbers = {key: int(number) for key, number in hit.groupdict().items()}
            found[numbers.get("layer")][numbers.get("expert")] = name
    return found


def _targets(rule: Rule, suffix: str, ours: Mapping[str, list[Slot]]) -> dict[int | None, list[Slot]]:
    """Our tensors that a rule names, by layer; in each layer name after name for the first expert, then the next."""
    by_layer: dict[int | None, list[Slot]] = defaultdict(list)
    for to in rule.to:
        for slot in ours.get(to + suffix, ()):
            by_layer[slot.layer].append(slot)
    for listed in by_layer.values():
        listed.sort(key=lambda slot: -1 if slot.expert is None else slot.expert)
    if not any("*" in text for text in rule.sources) and list(by_layer) != [None] and len(by_layer) == 1:
        return {None: next(iter(by_layer.values()))}
    return by_layer


def _instances(
    rule: Rule, targets: dict[int | None, list[Slot]], found: Matching
) -> Iterator[tuple[int | None, list[Slot]]]:
    for layer, listed in targets.items():
        if len(listed) % len(rule.to):
            have = ", ".join(slot.role for slot in listed)
            found.faults.append(f"rule {', '.join(rule.to)}: our model has only {have}")
            continue
        yield layer, listed


def _named(rule: Rule, suffix: str, layer: int | None, n_targets: int, wanted: Collection[str]) -> tuple[str, ...]:
    """The library's names for one layer."""
    ways = []
    for text in rule.sources:
        text = (text + suffix).replace("*", str(layer))
        experts = range(n_targets // len(rule.to)) if "@" in text else [0]
        ways.append(tuple(text.replace("@", str(i)) for i in experts))
    return next((names for names in ways if set(names) <= set(wanted)), ways[0])


def _place(rule: Rule, targets: list[Slot], spec: Spec) -> Place:
    part = targets[0].part

    def number(name: str) -> int:
        value = part.get(name) or spec.get(name)
        if value is None and name in FALLBACKS:
            return number(FALLBACKS[name])
        if value is None and name == "d_head":
            return int(spec["d_model"]) // number("n_heads")
        if value is None:
            raise ValueError(f"rule {', '.join(rule.to)}: {name!r} is no dimension of {part.get('kind', 'this model')}")
        return int(value)

    return Place(tuple(slot.tensor.shape for slot in targets[: len(rule.to)]), number)
