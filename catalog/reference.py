"""The `reference:` of an entry: its schema, checked strictly, and how a child's tables go over its parent's.

It says which model of the transformers library an entry equals, as tables in both directions:

    reference:
      transformers: gpt2                         # the library's model_type
      class: GPT2LMHeadModel                     # its class, or a list; export writes the first
      config: {d_model: n_embd, ...}             # path of our model: expression of the library's config
      requires: {tie_word_embeddings: true}      # fields that must hold a value, one of a list, or {not: a value}
      inert: [summary_type]                      # fields that do nothing in this class
      map:                                       # our tensors: the library's tensor, with ops where the layout differs
        attention.o: {from: transformer.h.*.attn.c_proj, ops: [transpose]}
      rename: {bert.: roberta.}                  # how names of the library's begin here, where inherited rows differ
      ignore: [attn.masked_bias]                 # tensors without a use
      fixed: [embed_positions]                   # tables that the library computes when it builds the model
      constants: {final_logits_bias: 0.0}        # tensors of one number, which our model has no place for
      aliases: {lm_head.weight: transformer.wte.weight}    # a second name of one tensor
      blocks: {decoder.dense: {...}}             # further blocks, for configs whose layers name them
      tiny: {d_ff: 128}                          # what a tiny model of the library's class needs beyond `shrink`
      paddings: [none]                           # what is compared, where the library lets padding through
      cases: {untied: {tie_word_embeddings: false}}        # further configs whose logits are compared

A key of `map` names one or more of our tensors, separated by commas (see variants/weights/names.py); `*` in a pattern
is the layer, `@` the expert. A rule maps `.weight` and `.bias` unless it is `exact`; of a list of patterns the first
that is there counts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.errors import Faults, did_you_mean
from catalog.expression_check import check_expression
from catalog.located import LocatedList, LocatedMap, Mark, mark_of

LISTS = ("inert", "ignore", "fixed", "paddings")
TABLES = ("config", "requires", "map", "rename", "aliases", "constants", "blocks", "tiny", "cases")
FIELDS = ("transformers", "class", *TABLES, *LISTS)
PADDINGS = ("none", "right", "left")
RULE_FIELDS = ("from", "ops", "exact")
SPLITS = ("equal", "per_head", "per_group", "interleaved")
# name -> what its argument may be, in words; empty: it takes none
OPS = {
    "transpose": "",
    "split": f"{' | '.join(SPLITS)} or a number of chunks",
    "add_one": "",
    "unrope": "nothing, or the number of rotated dimensions of a head",
    "swap_halves": "",
    "stack": "",
    "unstack": "",
    "reshape": "[library's shape, our shape], each a list of numbers and names of dimensions",
}
OPTIONAL = ("split", "unrope")
Op = tuple[str, Any]


@dataclass(frozen=True)
class Rule:
    """One row of the map: our names, the library's patterns (the first that is there counts), and the ops between."""

    to: tuple[str, ...]
    sources: tuple[str, ...]
    ops: tuple[Op, ...] = ()
    exact: bool = False


@dataclass(frozen=True)
class Reference:
    """The tables of one entry, after inheritance."""

    model_type: str
    classes: tuple[str, ...]
    config: dict[str, Any]
    rules: tuple[Rule, ...]
    requires: dict[str, Any] = field(default_factory=dict)
    inert: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    aliases: dict[str, str] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)
    blocks: dict[str, Any] = field(default_factory=dict)
    tiny: dict[str, Any] = field(default_factory=dict)
    cases: dict[str, dict[str, Any]] = field(default_factory=dict)
    paddings: tuple[str, ...] = PADDINGS


def parse_reference(raw: Any, faults: Faults) -> Reference | None:
    """The tables that `reference:` holds; None when there are none, or when something is wrong, which is noted."""
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        faults.add(mark_of(raw), "reference", "must be a map", value=raw, allowed=", ".join(FIELDS))
        return None
    before = len(list(faults))
    _check(raw, faults)
    renames = {old: new for old, new in (raw.get("rename") or {}).items() if new is not None}
    rules = tuple(_rules(raw.get("map") or {}, faults))
    if len(list(faults)) > before:
        return None
    classes = raw["class"]
    return Reference(
        raw["transformers"],
        tuple(classes) if isinstance(classes, list) else (classes,),
        {path: expression for path, expression in (raw.get("config") or {}).items() if expression is not None},
        tuple(replace(rule, sources=tuple(_renamed(text, renames) for text in rule.sources)) for rule in rules),
        {name: value for name, value in (raw.get("requires") or {}).items() if value is not None},
        tuple(raw.get("inert") or ()),
        tuple(raw.get("ignore") or ()),
        tuple(raw.get("fixed") or ()),
        {_renamed(n, renames): _renamed(to, renames) for n, to in (raw.get("aliases") or {}).items() if to is not None},
        dict(_items(raw, "constants")),
        dict(_items(raw, "blocks")),
        dict(_items(raw, "tiny")),
        {name: as_plain(case) for name, case in (raw.get("cases") or {}).items() if case is not None},
        tuple(raw.get("paddings") or PADDINGS),
    )


def merge_reference(parent: Any, child: Any) -> Any:
    """The child's tables over the parent's, row by row; a row of the map displaces all inherited ones of its targets.

    `null` deletes a row; `cases` are the child's own.
    """
    if not isinstance(parent, Mapping) or not isinstance(child, Mapping):
        return child or None
    merged = LocatedMap(parent)
    merged.mark = mark_of(child) or merged.mark
    merged.pop("cases", None)
    for name, value in child.items():
        old = parent.get(name)
        if isinstance(old, Mapping) and isinstance(value, Mapping) and name != "cases":
            value = _merge_rows(old, value, name == "map")
        merged.put(name, value, mark_of(child, name))
    return merged


def targets(key: str) -> list[str]:
    """Our names that a key of the map lists."""
    return [name.strip() for name in key.split(",")]


def _renamed(text: str, renames: Mapping[str, str]) -> str:
    old = next((old for old in renames if text.startswith(old)), "")
    return renames[old] + text.removeprefix(old) if old else text


def _merge_rows(old: Mapping[str, Any], new: Mapping[str, Any], of_map: bool) -> LocatedMap:
    """New rows over old ones of the same key, or of the map's same targets."""
    taken = {name for key in new for name in (targets(key) if of_map else [key])}
    merged = LocatedMap(mark=mark_of(new))
    for holder in (old, new):
        for key, row in holder.items():
            if holder is new or taken.isdisjoint(targets(key) if of_map else [key]):
                merged.put(key, row, mark_of(holder, key))
    return merged


def _check(raw: Mapping[str, Any], faults: Faults) -> None:
    for name in raw:
        if name not in FIELDS:
            near = did_you_mean(name, FIELDS)
            _note(raw, name, "there is no such field", faults, allowed=", ".join(FIELDS), suggestion=near)
    for name in ("transformers", "class", "map"):
        if raw.get(name) is None:
            faults.add(mark_of(raw), f"reference.{name}", "must be given")
    if not isinstance(raw.get("transformers", ""), str | None):
        _note(raw, "transformers", "must be the library's model_type", faults, value=raw["transformers"])
    for name in ("class", *LISTS):
        value = raw.get(name) or []
        if not all(
            isinstance(item, str) for item in ([value] if name == "class" and isinstance(value, str) else value)
        ):
            _note(raw, name, "must be a list of names", faults, value=value)
    for name in TABLES:
        if not isinstance(raw.get(name) or {}, Mapping):
            _note(raw, name, "must be a map", faults, value=raw[name])
    for path, expression in _items(raw, "config"):
        check_expression(expression, f"reference.config.{path}", mark_of(raw["config"], path), faults)
    for name, wanted in _items(raw, "requires"):
        if isinstance(wanted, Mapping) and list(wanted) != ["not"]:
            _note(raw["requires"], name, "must be a value, a list of them, or {not: a value}", faults, value=wanted)
    for table in ("aliases", "rename"):
        for name, other in _items(raw, table):
            if not isinstance(other, str):
                _note(raw[table], name, "must be a tensor's name", faults, value=other)
    for name, number in _items(raw, "constants"):
        if not isinstance(number, float):
            _note(raw["constants"], name, "must be a number such as 0.0", faults, value=number)
    for name, case in _items(raw, "cases"):
        if not isinstance(case, Mapping):
            _note(raw["cases"], name, "must be a map of config fields", faults, value=case)


def _items(raw: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    table = raw.get(name)
    return [(key, value) for key, value in table.items() if value is not None] if isinstance(table, Mapping) else []


def _note(holder: Mapping[str, Any], name: str, message: str, faults: Faults, **more: Any) -> None:
    faults.add(mark_of(holder, name), f"reference.{name}", message, **more)


def _rules(table: Any, faults: Faults) -> Iterator[Rule]:
    for key, value in table.items() if isinstance(table, Mapping) else ():
        if value is not None:
            where = mark_of(table, key)
            rule = _rule(key, value, where, faults)
            if rule is not None:
                yield rule


def _rule(key: str, value: Any, where: Mark | None, faults: Faults) -> Rule | None:
    path = f"reference.map.{key}"
    fields = value if isinstance(value, Mapping) else {"from": value}
    for name in fields:
        if name not in RULE_FIELDS:
            near, allowed = did_you_mean(name, RULE_FIELDS), ", ".join(RULE_FIELDS)
            faults.add(
                mark_of(fields, name), path, "a rule has no such field", value=name, allowed=allowed, suggestion=near
            )
            return None
    sources = fields.get("from")
    sources = [sources] if isinstance(sources, str) else sources
    if not isinstance(sources, list) or not sources or not all(isinstance(s, str) and s for s in sources):
        allowed = "a pattern, or a list of alternatives"
        faults.add(where, path, "must name the library's tensor", value=sources, allowed=allowed)
        return None
    if any(s.count("*") > 1 or s.count("@") > 1 for s in sources):
        faults.add(where, path, "a pattern has at most one * (layer) and one @ (expert)", value=sources)
        return None
    if not isinstance(fields.get("exact", False), bool):
        faults.add(mark_of(fields, "exact"), path, "must be true or false", value=fields["exact"])
    ops = tuple(_ops(fields.get("ops") or [], path, where, faults))
    return Rule(tuple(targets(key)), tuple(sources), ops, fields.get("exact") is True)


def _ops(listed: Any, path: str, where: Mark | None, faults: Faults) -> Iterator[Op]:
    if not isinstance(listed, list):
        faults.add(where, f"{path}.ops", "must be a list", value=listed, allowed=", ".join(OPS))
        return
    for i, item in enumerate(listed):
        single = (
            item
            if isinstance(item, Mapping) and len(item) == 1
            else {item if isinstance(item, str) else repr(item): None}
        )
        (name, argument), place = next(iter(single.items())), mark_of(listed, i) or where
        if name not in OPS:
            near = did_you_mean(name, OPS)
            faults.add(place, f"{path}.ops", "unknown op", value=name, allowed=", ".join(OPS), suggestion=near)
        elif not _fits(name, argument):
            allowed = OPS[name] or "no argument"
            faults.add(place, f"{path}.ops.{name}", "does not fit", value=argument, allowed=allowed)
        else:
            yield name, argument


def _fits(name: str, argument: Any) -> bool:
    if argument is None:
        return not OPS[name] or name in OPTIONAL
    count = type(argument) is int and argument >= 1
    checks = {
        "split": count or argument in SPLITS,
        "unrope": count,
        "reshape": isinstance(argument, list) and len(argument) == 2 and all(isinstance(a, list) for a in argument),
    }
    return checks.get(name, False)


def as_plain(value: Any) -> Any:
    """The value without the marks of its file."""
    if isinstance(value, LocatedMap | dict):
        return {key: as_plain(item) for key, item in value.items()}
    return [as_plain(item) for item in value] if isinstance(value, LocatedList | list) else value
